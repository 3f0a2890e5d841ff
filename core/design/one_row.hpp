// Cells of one row -> a tile of one row, as RowReader makes them of a chunk for scoring, without
// allocating. Missing stays as NaN and as codes from kUnseenCode on; an infinite value in a used
// column is a DataError.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/level_finder.hpp"
#include "design/design.hpp"
#include "design/row_reader.hpp"

namespace insitu {

class OneRow {
 public:
  // `columns`: names of the cells, in order. Of `needs` response, weight and subtract_offsets
  // count. The design is frozen and outlives this. SpecError if a column is not among `columns`.
  OneRow(const Design& design, std::span<const std::string> columns, const RowNeeds& needs);
  OneRow(const OneRow&) = delete;
  OneRow& operator=(const OneRow&) = delete;

  const Tile& read(const insitu_value* values);
  // The same tile each time: its values and codes stay where they are.
  const Tile& tile() const { return tile_; }

 private:
  struct NumberCell {
    size_t column;
    size_t slot;
  };
  // Labels of a column, found once however many factors and N() read them.
  struct LabelCell {
    size_t column;
    const std::vector<std::string>* labels;
    LevelFinder levels;
    uint32_t code;
  };
  struct CodeInput {  // N(f)
    size_t label;
    size_t slot;
  };
  struct LabelFactor {
    size_t label;
    size_t factor;
  };
  struct WholeFactor {  // F(x)
    size_t column;
    size_t factor;
    LevelFinder levels;
  };
  struct Computed {
    const NumericProgram* program;
    std::vector<const double*> inputs;
    size_t slot;
  };

  size_t column_of(const std::string& name) const;
  size_t slot_of(const NumericProgram::Input& input);
  size_t label_of(const std::string& column, const std::vector<std::string>& labels);
  void bind_factor(size_t k);
  void bind_features(const RowNeeds& needs);
  void read_cells(const insitu_value* values);
  void read_codes(const insitu_value* values);
  void apply_offsets();
  double number_of(const insitu_value& value, size_t column) const;
  uint32_t whole_of(const WholeFactor& factor, const insitu_value& value) const;

  const Design& design_;
  std::span<const std::string> columns_;
  std::vector<NumericProgram::Input> inputs_;  // those known so far: a slot each
  std::vector<NumberCell> numbers_;
  std::vector<LabelCell> labels_;
  std::vector<CodeInput> code_inputs_;
  std::vector<LabelFactor> label_factors_;
  std::vector<WholeFactor> whole_factors_;
  std::vector<Computed> computed_;
  std::vector<const double*> offsets_;
  std::vector<double> slots_;  // inputs, then what is computed, then the response about the offsets
  std::vector<uint32_t> codes_;
  std::vector<double> stack_;
  const double* response_ = nullptr;  // without its offsets
  double offset_ = 0.0;
  const double* trials_ = nullptr;  // of a response of counts
  const double* weight_ = nullptr;  // of a column, where there is one
  double counted_ = 0.0;            // trials, as often as the weight says
  Tile tile_;
};

}  // namespace insitu
