#include "design/row_reader.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "base/double_double.hpp"
#include "base/errors.hpp"
#include "design/bad_value.hpp"
#include "design/factor_codes.hpp"
#include "design/rows.hpp"
#include "linalg/aligned.hpp"
#include "linalg/kernels.hpp"

namespace insitu {
namespace {

using Buffer = AlignedDoubles;

// A numeric column of the source, or the codes of a factor for N().
struct Input {
  NumericProgram::Input source;
  size_t column = 0;  // in the chunk
  Buffer scratch;
  const double* data = nullptr;
  double sum = 0.0;
  bool positive = false;
};

struct BoundFeature {
  const DesignFeature* feature = nullptr;
  std::vector<size_t> inputs;
  Buffer high;
  Buffer low;
  std::vector<const double*> arguments;
  bool low_parts = false;
};

}  // namespace

struct RowReader::Impl {
  const Design& design;
  RowNeeds needs;
  std::vector<LevelTable>& tables;
  const Chunk* chunk = nullptr;
  size_t room = kTileRows;  // rows of the largest tile of the chunk

  std::vector<Input> inputs;
  std::vector<BoundFeature> features;  // then the response, then the offsets
  size_t n_values = 0;                 // features and response
  std::vector<FactorCodes> factors;
  std::vector<std::unique_ptr<LevelTable>> code_tables;  // for N()
  size_t weight_input = 0;
  bool weighted = false;  // by a column
  std::optional<BoundFeature> trials;
  bool whole_weights = false;

  Tile tile;
  std::vector<uint64_t> unseen;
  std::vector<std::vector<bool>> left_out;
  std::vector<uint8_t> keep;
  std::vector<Buffer> packed;
  std::vector<Buffer> packed_low;
  std::vector<std::vector<uint32_t>> packed_codes;
  Buffer packed_weight;
  Buffer packed_trials;
  Buffer packed_offset;
  Buffer offset;
  Buffer offset_low;
  Buffer counted;  // weights, where there are trials
  Buffer response;
  Buffer response_low;

  Impl(const Design& d, RowNeeds n, std::vector<LevelTable>& t) : design(d), needs(n), tables(t) {
    features.reserve(design.features.size() + design.offsets.size() + 1);
    inputs.reserve(design.columns.size());
    for (const DesignFeature& feature : design.features) bind_feature(feature);
    if (needs.response && design.response.has_value()) bind_feature(*design.response);
    n_values = features.size();
    // Of a share near 1 they hold the digits of the rest.
    if (needs.response && design.trials.has_value()) features.back().low_parts = true;
    for (const DesignFeature& offset_feature : design.offsets) bind_feature(offset_feature);
    weighted = needs.weight && !design.weight.empty();
    if (weighted) {
      weight_input = add_input({design.weight, false});
      whole_weights = design.find_column(design.weight)->whole;
    }
    if (needs.weight && design.trials.has_value()) trials = bound_to(*design.trials);
    for (size_t k = 0; k < design.factors.size(); ++k)
      factors.emplace_back(design.factors[k], tables[k], needs.adopt_dictionaries);
    unseen.assign(design.factors.size(), 0);
    tile.values.resize(n_values);
    tile.low.resize(n_values);
    tile.sums.resize(n_values);
    tile.codes.resize(factors.size());
    packed.resize(n_values);
    packed_low.resize(n_values);
    packed_codes.resize(factors.size());
    left_out.resize(factors.size());
    code_tables.resize(inputs.size());
  }

  size_t add_input(const NumericProgram::Input& source) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].source.column == source.column && inputs[i].source.codes == source.codes)
        return i;
    }
    const bool positive = needs.complete_rows && design.find_column(source.column)->positive;
    inputs.push_back({source, 0, {}, nullptr, 0.0, positive});
    return inputs.size() - 1;
  }

  BoundFeature bound_to(const DesignFeature& feature) {
    BoundFeature bound;
    bound.feature = &feature;
    bound.low_parts = needs.low_parts;
    for (const NumericProgram::Input& source : feature.program.inputs()) {
      bound.inputs.push_back(add_input(source));
    }
    bound.arguments.resize(bound.inputs.size());
    return bound;
  }
  void bind_feature(const DesignFeature& feature) { features.push_back(bound_to(feature)); }

  // Columns come mostly in the order of the design: the one after the last found is tried first.
  size_t find(const std::string& name, size_t& next) const {
    if (next < chunk->columns().size() && chunk->column(next).name() == name) return next++;
    const int index = chunk->find(name);
    if (index < 0) throw SpecError("the rows have no column \"" + name + "\"");
    next = static_cast<size_t>(index) + 1;
    return static_cast<size_t>(index);
  }

  void bind(const Chunk& rows) {
    chunk = &rows;
    room = static_cast<size_t>(std::min<uint64_t>(kTileRows, round_up_8(rows.rows())));
    size_t next = 0;
    for (Input& input : inputs) input.column = find(input.source.column, next);
    for (size_t k = 0; k < factors.size(); ++k) {
      unseen[k] += factors[k].bind(rows, find(design.factors[k].column, next));
      left_out[k].assign(factors[k].adopted() ? tables[k].size() : 0, false);
    }
  }

  [[noreturn]] void refuse(const Input& input, uint64_t row, double value, Fault fault) const {
    refuse_value(input.source.column, value, "at " + row_name(*chunk, row), fault);
  }

  // Loads one numeric column of the tile; true if every value is finite.
  bool load(Input& input, size_t index, uint64_t begin, size_t n) {
    const Column& column = chunk->column(input.column);
    if (input.source.codes) {
      load_codes(input, index, begin, n);
    } else {
      input.data = column.borrow_doubles(begin, n);
      if (input.data == nullptr) {
        input.scratch.resize(room);
        column.read_doubles(begin, n, input.scratch.data());
        input.data = input.scratch.data();
      }
    }
    if (input.positive) {
      for (size_t i = 0; i < n; ++i) {
        if (input.data[i] <= 0.0) refuse(input, begin + i, input.data[i], Fault::kNoExposure);
      }
    }
    input.sum = column_sum(input.data, n);
    if (std::isfinite(input.sum)) return true;
    for (size_t i = 0; i < n; ++i) {
      if (std::isinf(input.data[i])) {
        refuse(input, begin + i, input.data[i], Fault::kInfinite);
      }
    }
    return false;
  }

  void load_codes(Input& input, size_t index, uint64_t begin, size_t n) {
    if (!code_tables[index]) {
      code_tables[index] =
          std::make_unique<LevelTable>(*design.find_column(input.source.column)->levels);
    }
    LevelEncoder encoder(*code_tables[index], false);
    std::vector<uint32_t> codes(n);
    encoder.encode(chunk->column(input.column), begin, n, codes.data());
    input.scratch.resize(room);
    for (size_t i = 0; i < n; ++i) {
      input.scratch[i] =
          codes[i] >= kUnseenCode ? std::numeric_limits<double>::quiet_NaN() : codes[i];
    }
    input.data = input.scratch.data();
  }

  // Evaluates one feature; true if every value is finite.
  bool evaluate(BoundFeature& bound, size_t n, const double** value, const double** low,
                double* sum) {
    if (bound.feature->program.is_column()) {
      const Input& input = inputs[bound.inputs[0]];
      *value = input.data;
      *low = nullptr;
      *sum = input.sum;
      return std::isfinite(input.sum);
    }
    for (size_t i = 0; i < bound.inputs.size(); ++i)
      bound.arguments[i] = inputs[bound.inputs[i]].data;
    bound.high.resize(room);
    if (bound.low_parts) bound.low.resize(room);
    *value = bound.high.data();
    *low = bound.low_parts ? bound.low.data() : nullptr;
    bound.feature->program.evaluate(bound.arguments, n, bound.high.data(),
                                    bound.low_parts ? bound.low.data() : nullptr);
    *sum = column_sum(*value, n);
    return std::isfinite(*sum);
  }

  // Sums the offsets into `offset` and, where there is a response, subtracts them from it.
  bool apply_offsets(size_t n) {
    if (n_values == features.size()) return true;
    bool finite = true;
    offset.assign(room, 0.0);
    offset_low.assign(room, 0.0);
    for (size_t k = n_values; k < features.size(); ++k) {
      const double* value = nullptr;
      const double* low = nullptr;
      double sum = 0.0;
      finite = evaluate(features[k], n, &value, &low, &sum) && finite;
      for (size_t i = 0; i < n; ++i) {
        const DoubleDouble total = DoubleDouble(offset[i], offset_low[i]) +
                                   DoubleDouble(value[i], low == nullptr ? 0.0 : low[i]);
        offset[i] = total.hi;
        offset_low[i] = total.lo;
      }
    }
    tile.offset = offset.data();
    if (!needs.response || !needs.subtract_offsets || !design.response.has_value()) return finite;
    const size_t y = n_values - 1;
    response.resize(room);
    response_low.resize(room);
    for (size_t i = 0; i < n; ++i) {
      const double low = tile.low[y] == nullptr ? 0.0 : tile.low[y][i];
      const DoubleDouble rest =
          DoubleDouble(tile.values[y][i], low) - DoubleDouble(offset[i], offset_low[i]);
      response[i] = rest.hi;
      response_low[i] = rest.lo;
    }
    tile.values[y] = response.data();
    tile.low[y] = needs.low_parts ? response_low.data() : nullptr;
    tile.sums[y] = column_sum(response.data(), n);
    return finite && std::isfinite(tile.sums[y]);
  }

  // Of counts: a row weighs its trials, as often as its weight says.
  bool load_trials(uint64_t begin, size_t n) {
    const double* value = nullptr;
    const double* low = nullptr;
    double sum = 0.0;
    evaluate(*trials, n, &value, &low, &sum);
    counted.resize(room);
    tile.trials = value;
    bool positive = true;
    for (size_t i = 0; i < n; ++i) {
      if (value[i] < 0.0) {
        throw DataError("\"" + trials->feature->label + "\" has a count below 0 at " +
                        row_name(*chunk, begin + i) + "; successes and failures are counts");
      }
      counted[i] = weighted ? value[i] * tile.weight[i] : value[i];
      positive = positive && counted[i] > 0.0;
    }
    tile.weight = counted.data();
    return positive;
  }

  // Loads the weights; true if every row has a positive one.
  bool load_weight(uint64_t begin, size_t n) {
    const bool positive = load_weight_column(begin, n);
    return trials.has_value() ? load_trials(begin, n) : positive;
  }

  bool load_weight_column(uint64_t begin, size_t n) {
    if (!weighted) return true;
    const Input& input = inputs[weight_input];
    tile.weight = input.data;
    bool positive = true;
    for (size_t i = 0; i < n; ++i) {
      if (input.data[i] < 0.0) {
        refuse(input, begin + i, input.data[i], Fault::kNegativeWeight);
      }
      if (whole_weights && input.data[i] - std::floor(input.data[i]) > 0.0) {
        refuse(input, begin + i, input.data[i], Fault::kFractionOfRows);
      }
      positive = positive && input.data[i] > 0.0;  // false for NaN
    }
    return positive;
  }

  const Tile& read(uint64_t begin, size_t n) {
    begin_tile(n);
    bool clean = true;
    for (size_t i = 0; i < inputs.size(); ++i) clean = load(inputs[i], i, begin, n) && clean;
    for (size_t k = 0; k < n_values; ++k) {
      clean = evaluate(features[k], n, &tile.values[k], &tile.low[k], &tile.sums[k]) && clean;
    }
    clean = apply_offsets(n) && clean;
    clean = load_weight(begin, n) && clean;
    for (size_t k = 0; k < factors.size(); ++k) {
      tile.codes[k] = factors[k].read(begin, n, clean);
    }
    look_ahead(begin + n, n);
    if (needs.complete_rows && !clean) compact(n);
    return tile;
  }

  // Reads plain columns where they lie, straight into `shifted`; false if a row needs a closer
  // look.
  bool read_straight(uint64_t begin, size_t n, ShiftedTile& shifted,
                     std::span<const double> origin) {
    if (design.weighted() || n_values != features.size()) return false;
    for (size_t k = 0; k < n_values; ++k) {
      if (!features[k].feature->program.is_column()) return false;
      const Input& input = inputs[features[k].inputs[0]];
      if (input.source.codes) return false;
      tile.values[k] = chunk->column(input.column).borrow_doubles(begin, n);
      tile.low[k] = nullptr;
      if (tile.values[k] == nullptr) return false;
    }
    begin_tile(n);
    bool complete = true;
    for (size_t k = 0; k < factors.size() && complete; ++k) {
      tile.codes[k] = factors[k].read(begin, n, complete);
    }
    if (!complete || !shifted.load(tile.values, nullptr, n, origin)) return false;
    look_ahead(begin + n, n);
    return true;
  }

  void begin_tile(size_t n) {
    tile.rows = n;
    tile.missing_rows = 0;
    tile.zero_weight_rows = 0;
    tile.offset = nullptr;
    tile.weight = nullptr;
    tile.trials = nullptr;
  }

  // The memory of the next n rows, of columns that are read where they lie.
  void look_ahead(uint64_t begin, size_t n) {
    tile.ahead.clear();
    if (begin >= chunk->rows()) return;
    const auto rows = static_cast<size_t>(std::min<uint64_t>(n, chunk->rows() - begin));
    auto add = [&](size_t column) {
      const std::span<const char> bytes = chunk->column(column).bytes(begin, rows);
      if (!bytes.empty()) tile.ahead.push_back(bytes);
    };
    for (const Input& input : inputs) add(input.column);
    for (const FactorCodes& codes : factors) {
      if (codes.streams()) add(codes.column());
    }
  }

  // Keeps the complete rows with a positive weight.
  void compact(size_t n) {
    keep.assign(n, 1);
    for (const double* value : tile.values) {
      for (size_t i = 0; i < n; ++i) keep[i] &= static_cast<uint8_t>(value[i] == value[i]);
    }
    for (const uint32_t* codes : tile.codes) {
      for (size_t i = 0; i < n; ++i) keep[i] &= static_cast<uint8_t>(codes[i] < kUnseenCode);
    }
    for (size_t i = 0; tile.offset != nullptr && i < n; ++i) {
      keep[i] &= static_cast<uint8_t>(tile.offset[i] == tile.offset[i]);
    }
    for (size_t i = 0; i < n; ++i) {
      const bool zero = tile.weight != nullptr && tile.weight[i] == 0.0;
      if (zero) {
        ++tile.zero_weight_rows;
        keep[i] = 0;
        continue;
      }
      if (tile.weight != nullptr) keep[i] &= static_cast<uint8_t>(tile.weight[i] > 0.0);
      tile.missing_rows += keep[i] == 0;
    }
    size_t rows = n;
    for (size_t k = 0; k < n_values; ++k) {
      rows = pack(tile.values[k], n, packed[k]);
      tile.values[k] = packed[k].data();
      tile.sums[k] = column_sum(packed[k].data(), rows);
      if (tile.low[k] != nullptr) {
        pack(tile.low[k], n, packed_low[k]);
        tile.low[k] = packed_low[k].data();
      }
    }
    for (size_t k = 0; k < factors.size(); ++k) {
      packed_codes[k].resize(room);
      for (size_t i = 0; i < n && !left_out[k].empty(); ++i) {
        if (keep[i] == 0 && tile.codes[k][i] < kUnseenCode) left_out[k][tile.codes[k][i]] = true;
      }
      size_t count = 0;
      for (size_t i = 0; i < n; ++i) {
        packed_codes[k][count] = tile.codes[k][i];
        count += keep[i];
      }
      tile.codes[k] = packed_codes[k].data();
      rows = count;
    }
    if (tile.weight != nullptr) {
      rows = pack(tile.weight, n, packed_weight);
      tile.weight = packed_weight.data();
    }
    if (tile.trials != nullptr) {
      pack(tile.trials, n, packed_trials);
      tile.trials = packed_trials.data();
    }
    if (tile.offset != nullptr) {
      rows = pack(tile.offset, n, packed_offset);
      tile.offset = packed_offset.data();
    }
    tile.rows = rows;
  }

  size_t pack(const double* from, size_t n, Buffer& to) const {
    to.resize(room + 1);
    size_t count = 0;
    for (size_t i = 0; i < n; ++i) {
      to[count] = from[i];
      count += keep[i];
    }
    return count;
  }
};

RowReader::RowReader(const Design& design, RowNeeds needs, std::vector<LevelTable>& tables)
    : impl_(std::make_unique<Impl>(design, needs, tables)) {}
RowReader::~RowReader() = default;
void RowReader::bind(const Chunk& chunk) { impl_->bind(chunk); }
const Tile& RowReader::read(uint64_t begin, size_t n) { return impl_->read(begin, n); }
const Tile& RowReader::read(uint64_t begin, size_t n, ShiftedTile& shifted,
                            std::span<const double> origin) {
  if (impl_->read_straight(begin, n, shifted, origin)) return impl_->tile;
  const Tile& tile = impl_->read(begin, n);
  if (tile.rows > 0) shifted.load(tile.values, tile.weight, tile.rows, origin);
  return tile;
}

const double* rest_of_shares(const Tile& tile, AlignedDoubles& room) {
  const double* y = tile.values.back();
  const double* low = tile.low.empty() ? nullptr : tile.low.back();
  if (low == nullptr) return nullptr;
  room.resize(round_up_8(tile.rows));
  for (size_t i = 0; i < tile.rows; ++i) room[i] = (1.0 - y[i]) - low[i];
  return room.data();
}

const std::vector<bool>* RowReader::left_out(size_t k) const {
  return impl_->factors[k].adopted() ? &impl_->left_out[k] : nullptr;
}
const std::vector<uint64_t>& RowReader::unseen() const { return impl_->unseen; }

std::vector<LevelTable> make_level_tables(const Design& design) {
  std::vector<LevelTable> tables;
  for (const DesignFactor& factor : design.factors) {
    tables.push_back(factor.levels.has_value() ? LevelTable(*factor.levels) : LevelTable());
  }
  return tables;
}

}  // namespace insitu
