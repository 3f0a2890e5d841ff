// The rows of a tile as iteratively reweighted least squares sees them: weights W and responses z.
// Scratch of one update.
#pragma once

#include <optional>
#include <vector>

#include "design/row_reader.hpp"
#include "glm/glm_analysis.hpp"
#include "linalg/aligned.hpp"
#include "linalg/log_link.hpp"

namespace insitu {

class GlmRows {
 public:
  // All outlive this.
  GlmRows(const Design& design, const Family& family, const GlmPoint& point, const GlmAids& aids,
          const Chunk& chunk, GlmState& into);
  // Adds the tile to the sums beside the cross-products; the same tile with W and z.
  const Tile& map(const Tile& read);

 private:
  void check(const Tile& tile);
  void add_responses(const Tile& tile);
  void place(const Tile& tile);
  const double* with_offsets(const Tile& tile, const double* linear);
  void add_deviance(const Tile& tile, GlmStep step, const double* linear);
  double add_working(const Tile& tile, GlmStep step, const double* linear, bool observed);
  void add_means(const Tile& tile, GlmStep step, const double* eta);
  void weigh(const Tile& tile, const double* linear);
  void observe(const Tile& tile, const double* eta, const double* linear);
  void add_null(const Tile& tile);
  void add_theta(const Tile& tile);
  void count_extremes(const Tile& tile);
  void count_bounds(const Tile& tile);
  void penalise(const Tile& tile);
  // The same, or with weight 0 for rows that are held.
  const Tile* without_held(const Tile& tile);
  double total(const Tile& tile, const double* values) const;
  DoubleDouble working_squares(const Tile& tile) const;

  const Design& design_;
  const Family& family_;
  const GlmPoint& point_;
  const GlmAids& aids_;
  const Chunk& chunk_;
  GlmState& into_;
  Tile mapped_;
  Tile rest_of_tile_;  // with weight 0 for rows that are held
  AlignedDoubles rest_weight_;
  RowForm::Active active_;
  bool logistic_ = false;  // the tile's responses are events of a logistic regression
  std::optional<PowerVariance> log_link_;  // families and links that have kernels
  AlignedDoubles linear_;                  // X b
  AlignedDoubles previous_;                // the same where the step came from
  AlignedDoubles eta_, mean_, rest_, slope_, variance_, deviance_, scratch_;
  AlignedDoubles weight_, response_;
  AlignedDoubles rest_of_shares_;
  const double* y_rest_ = nullptr;  // 1 - y of the tile, where trials are counted
};

}  // namespace insitu
