// How a marginal quantity sees the rows: with values in the place of columns, and for a slope with
// the derivatives of the design's columns beside them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "design/linear_predictor.hpp"

namespace insitu {

// What a column holds in every row: a number, or a level.
struct ColumnSetting {
  std::string column;
  std::optional<double> number;
  std::string level;

  static ColumnSetting from_json(const Json& json);  // {"column", "value": number | text}
  bool operator==(const ColumnSetting&) const = default;
  Json to_json() const;
};

// A mean over rows, with columns set: of the predicted means, or of their derivatives with respect
// to a column.
struct MarginQuantity {
  std::string slope;  // the column; empty: of the predicted means
  std::vector<ColumnSetting> settings;

  static MarginQuantity from_json(const Json& json);  // {"slope": null | column, "settings": […]}
  Json to_json() const;
};

// The design that is read: the model's, whose features come first, and behind them those that some
// quantity needs.
struct MarginView {
  std::vector<size_t> features;                // per feature of the model: where it is read
  std::vector<std::optional<uint32_t>> codes;  // per factor: that of every row
  std::optional<std::vector<size_t>> offsets;  // features that are its offsets; none: the tile's
  // Derivatives: the terms that have one, with its feature. Nothing is added to them.
  std::optional<LinearPredictor> slope;
  std::vector<size_t> offset_slopes;  // features
  bool as_before = false;             // columns are set as they are for the view before it

  // Adds to `reading` what it lacks. SpecError for a column that is not there, a level that the
  // model does not know, a slope that does not exist.
  static MarginView make(const MarginQuantity& quantity, const Design& design,
                         const LinearPredictor& predictor, Design& reading);
};

}  // namespace insitu
