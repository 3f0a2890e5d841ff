#include "row_scorer.hpp"

#include <nlohmann/json.hpp>

namespace insitu {
namespace {

class ChunkScorer final : public RowScorer {
 public:
  explicit ChunkScorer(const RowFunction& function)
      : function_(function), ends_(2 * function.columns().size()) {}

  void score(const insitu_value* values, double* out) override {
    std::vector<Column> columns;
    for (size_t i = 0; i < function_.columns().size(); ++i) {
      const insitu_value& value = values[i];
      const bool text = value.is_null == 0 && value.kind == INSITU_VALUE_TEXT;
      columns.emplace_back(function_.columns()[i],
                           text ? ColumnKind::kFactor : ColumnKind::kNumeric);
      columns.back().append(text ? text_cell(value, &ends_[2 * i]) : number_cell(value));
    }
    outputs_.clear();
    for (size_t k = 0; k < function_.outputs().size(); ++k) outputs_.push_back(out + k);
    Json notes = Json::object();
    function_.apply(Chunk(std::move(columns), 1), outputs_, notes);
  }

 private:
  static Segment number_cell(const insitu_value& value) {
    Segment cell;
    cell.type = value.is_null != 0 ? Physical::kNull : Physical::kDouble;
    cell.rows = 1;
    cell.values = &value.number;
    return cell;
  }
  static Segment text_cell(const insitu_value& value, int64_t* ends) {
    ends[1] = static_cast<int64_t>(value.size);
    Segment cell;
    cell.type = Physical::kLargeUtf8;
    cell.rows = 1;
    cell.values = value.text;
    cell.offsets = ends;
    return cell;
  }

  const RowFunction& function_;
  std::vector<int64_t> ends_;  // per column where its text begins, 0, and ends
  std::vector<double*> outputs_;
};

}  // namespace

std::unique_ptr<RowScorer> RowFunction::scorer() const { return nullptr; }

std::unique_ptr<RowScorer> make_scorer(const RowFunction& function) {
  auto own = function.scorer();
  return own != nullptr ? std::move(own) : std::make_unique<ChunkScorer>(function);
}

}  // namespace insitu
