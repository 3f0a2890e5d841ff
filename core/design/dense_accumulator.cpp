#include "design/dense_accumulator.hpp"

#include <algorithm>

namespace insitu {
namespace {

CenteredMoments moments_of(CrossProducts& into) {
  return {into.weight, into.mean_hi.data(), into.mean_lo.data(), into.cross_hi.data(),
          into.cross_lo.data()};
}

// Doubles close to the (weighted) means of a tile.
void find_means(const Tile& tile, std::vector<double>& means) {
  const bool weighted = tile.weight != nullptr;
  const double total =
      weighted ? column_sum(tile.weight, tile.rows) : static_cast<double>(tile.rows);
  for (size_t j = 0; j < means.size(); ++j) {
    const double* x = tile.values[j];
    const double sum =
        weighted ? weighted_sum(tile.weight, x, tile.rows) : column_sum(x, tile.rows);
    means[j] = sum / total;
  }
}

}  // namespace

DenseAccumulator::DenseAccumulator(size_t values, bool weighted, size_t most_rows)
    : k_(values),
      weighted_(weighted),
      most_rows_(most_rows),
      means_(values),
      cross_(packed_size(values + 1)) {}

void DenseAccumulator::add(const Tile& tile, const ShiftedTile& shifted, CrossProducts& into,
                           ReadAhead& ahead) {
  if (tile.rows == 0) return;
  sum_products(shifted, &ahead);
  if (is_central()) {
    merge_tile(into.origin, into);
    return;
  }
  find_means(tile, means_);
  if (!centred_.has_value()) centred_.emplace(k_, weighted_, most_rows_);
  centred_->load(tile.values, tile.weight, tile.rows, means_);
  sum_products(*centred_, nullptr);
  merge_tile(means_, into);
}

void DenseAccumulator::sum_products(const ShiftedTile& shifted, ReadAhead* ahead) {
  if (weighted_) {
    gram_weighted(shifted.weighted_data(), shifted.data(), shifted.rows(), shifted.stride(), k_ + 1,
                  cross_.data(), ahead);
  } else {
    gram(shifted.data(), shifted.rows(), shifted.stride(), k_ + 1, cross_.data(), ahead);
  }
}

// True if no column's mean is further from the origin than its deviation.
bool DenseAccumulator::is_central() const {
  for (size_t j = 1; j <= k_; ++j) {
    if (cross_[j] * cross_[j] > 0.5 * cross_[0] * cross_[packed_index(j, j, k_ + 1)]) return false;
  }
  return true;
}

void DenseAccumulator::merge_tile(std::span<const double> origin, CrossProducts& into) const {
  CenteredMoments moments = moments_of(into);
  const CenteredMomentsView view{cross_[0], origin.data(),     nullptr, cross_.data() + k_ + 1,
                                 nullptr,   cross_.data() + 1, nullptr};
  merge_centered(k_, moments, view);
  into.weight = moments.weight;
}

PreciseDenseAccumulator::PreciseDenseAccumulator(size_t values, bool weighted, size_t most_rows)
    : k_(values),
      weighted_(weighted),
      means_(values),
      cross_(packed_size(values + 1)),
      cross_low_(packed_size(values + 1)) {
  const size_t size = (values + 1) * tile_stride(most_rows);
  for (AlignedDoubles* tile : {&tile_, &tile_low_}) tile->resize(size);
  if (!weighted) return;
  for (AlignedDoubles* tile : {&weighted_tile_, &weighted_low_}) tile->resize(size);
}

void PreciseDenseAccumulator::add(const Tile& tile, CrossProducts& into) {
  if (tile.rows == 0) return;
  find_means(tile, means_);
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
  CenteredMoments moments = moments_of(into);
  const CenteredMomentsView view{{cross_[0], cross_low_[0]},
                                 means_.data(),
                                 nullptr,
                                 cross_.data() + k_ + 1,
                                 cross_low_.data() + k_ + 1,
                                 cross_.data() + 1,
                                 cross_low_.data() + 1};
  merge_centered(k_, moments, view);
  into.weight = moments.weight;
}

}  // namespace insitu
