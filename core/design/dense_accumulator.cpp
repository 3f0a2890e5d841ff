#include "design/dense_accumulator.hpp"

#include <algorithm>

namespace insitu {

size_t tile_rows_for(size_t values) {
  if (values <= 8) return kTileRows;
  return values <= 64 ? kTileRows / 2 : kTileRows / 4;
}

DenseAccumulator::DenseAccumulator(size_t values, bool weighted, bool precise)
    : k_(values), weighted_(weighted), means_(values), cross_(packed_size(values + 1)) {
  const size_t size = (values + 1) * tile_stride(tile_rows_for(values));
  tile_.resize(size);
  if (weighted) weighted_tile_.resize(size);
  if (!precise) return;
  tile_low_.resize(size);
  if (weighted) weighted_low_.resize(size);
  cross_low_.resize(cross_.size());
}

void DenseAccumulator::add(const Tile& tile, CrossProducts& into) {
  if (tile.rows == 0) return;
  CenteredMoments moments{into.weight, into.mean_hi.data(), into.mean_lo.data(),
                          into.cross_hi.data(), into.cross_lo.data()};
  if (weighted_) {
    const double total = column_sum(tile.weight, tile.rows);
    for (size_t j = 0; j < k_; ++j) {
      means_[j] = weighted_sum(tile.weight, tile.values[j], tile.rows) / total;
    }
  } else {
    for (size_t j = 0; j < k_; ++j) means_[j] = tile.sums[j] / static_cast<double>(tile.rows);
  }
  if (cross_low_.empty()) {
    add_plain(tile, moments);
  } else {
    add_precise(tile, moments);
  }
  into.weight = moments.weight;
}

void DenseAccumulator::add_plain(const Tile& tile, CenteredMoments& into) {
  const size_t rows = round_up_8(tile.rows);
  const size_t stride = tile_stride(rows);
  double* ones = tile_.data();
  std::fill(ones, ones + tile.rows, 1.0);
  std::fill(ones + tile.rows, ones + rows, 0.0);
  for (size_t j = 0; j < k_; ++j) {
    subtract(tile.values[j], means_[j], tile.rows, tile_.data() + (j + 1) * stride);
  }
  if (weighted_) {
    for (size_t j = 0; j <= k_; ++j) {
      multiply(tile_.data() + j * stride, tile.weight, tile.rows,
               weighted_tile_.data() + j * stride);
    }
    gram_weighted(weighted_tile_.data(), tile_.data(), rows, stride, k_ + 1, cross_.data());
  } else {
    gram(tile_.data(), rows, stride, k_ + 1, cross_.data());
  }
  const CenteredMomentsView view{cross_[0], means_.data(),     nullptr, cross_.data() + k_ + 1,
                                 nullptr,   cross_.data() + 1, nullptr};
  merge_centered(k_, into, view);
}

void DenseAccumulator::add_precise(const Tile& tile, CenteredMoments& into) {
  const size_t rows = round_up_8(tile.rows);
  const size_t stride = tile_stride(rows);
  std::fill(tile_low_.begin(), tile_low_.end(), 0.0);
  std::fill(tile_.begin(), tile_.begin() + static_cast<std::ptrdiff_t>(rows), 0.0);
  std::fill(tile_.begin(), tile_.begin() + static_cast<std::ptrdiff_t>(tile.rows), 1.0);
  bool low = false;
  for (size_t j = 0; j < k_; ++j) {
    const size_t at = (j + 1) * stride;
    low |= subtract_dd(tile.values[j], tile.low[j], means_[j], tile.rows, tile_.data() + at,
                       tile_low_.data() + at);
  }
  if (weighted_) {
    for (size_t j = 0; j <= k_; ++j) {
      const size_t at = j * stride;
      multiply_dd(tile_.data() + at, tile_low_.data() + at, tile.weight, tile.rows,
                  weighted_tile_.data() + at, weighted_low_.data() + at);
    }
    gram_weighted_dd({weighted_tile_.data(), weighted_low_.data()},
                     {tile_.data(), tile_low_.data()}, rows, stride, k_ + 1, cross_.data(),
                     cross_low_.data());
  } else {
    gram_dd({tile_.data(), low ? tile_low_.data() : nullptr}, rows, stride, k_ + 1, cross_.data(),
            cross_low_.data());
  }
  const CenteredMomentsView view{{cross_[0], cross_low_[0]},
                                 means_.data(),
                                 nullptr,
                                 cross_.data() + k_ + 1,
                                 cross_low_.data() + k_ + 1,
                                 cross_.data() + 1,
                                 cross_low_.data() + 1};
  merge_centered(k_, into, view);
}

}  // namespace insitu
