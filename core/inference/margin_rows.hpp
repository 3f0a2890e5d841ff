// The rows of a tile as marginal quantities see them, one after the other. Scratch of one update.
#pragma once

#include <vector>

#include "inference/margins_analysis.hpp"
#include "linalg/aligned.hpp"

namespace insitu {

class MarginRows {
 public:
  // All outlive this.
  MarginRows(const Design& design, const FittedPoint& point, uint64_t rows);

  // Starts on a tile of the design that is read, and counts its rows.
  void begin(const Tile& tile, bool response, MarginsState& into);
  // Adds quantity `q` of the tile's rows.
  void add(const MarginView& view, size_t q, MarginsState& into);

 private:
  void see(const MarginView& view);
  // Sets value_, at_ and along_; false if some row does not have the quantity, and then counts 0.
  bool weigh(bool slope, uint64_t& undefined);
  void predict(const MarginView& view);
  void differentiate(const MarginView& view);
  void add_columns(const LinearPredictor& predictor, const Tile& tile, const double* factors,
                   std::vector<DoubleDouble>& into);
  const double* kept(const double* values);

  const Design& design_;
  const FittedPoint& point_;
  const Tile* tile_ = nullptr;
  Tile seen_;     // with columns set
  Tile derived_;  // the same rows with what the reader made of them: derivatives
  std::vector<std::vector<uint32_t>> set_codes_;  // per factor
  std::vector<uint32_t> rows_;                    // those that count
  bool curved_ = false;                           // curvatures are those of the means
  bool plain_ = false;                            // every row of the tile counts, and has all
  AlignedDoubles weight_;                         // of the rows that count
  AlignedDoubles eta_, mean_, rest_, slope_, curvature_, change_, scratch_;
  AlignedDoubles value_;   // of the rows that count, as the two that follow
  AlignedDoubles at_;      // what multiplies the columns
  AlignedDoubles along_;   // what multiplies their derivatives
  AlignedDoubles column_;  // scratch
};

}  // namespace insitu
