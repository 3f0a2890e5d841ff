// How the steps of a generalised linear model go on: by which information, and from where.
//
// Fisher's steps shrink by a factor where the link is not canonical. Near the end Newton's take
// their place, by observed information, until their squares do not count; the last step is
// Fisher's, for the standard errors. Where much of the observed information cannot be trusted
// (GlmRows), Newton's too shrink by a factor only. Then the next pass stands not where the last
// step led, but where the steps of the last few passes together say that the next step is zero
// (Anderson, 1965; Walker and Ni, 2011).
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "glm/glm_place.hpp"
#include "solve/linear_solver.hpp"

namespace insitu {

class GlmPace {
 public:
  struct Step {
    double relative = 0.0;   // of a coefficient or its standard error, whichever is more
    double in_errors = 0.0;  // its largest over the standard errors
    double decrease = 0.0;   // the part of the deviance that it takes; only Fisher's tell
    bool theta_moves = false;
  };

  // A canonical link's steps are Newton's anyway.
  explicit GlmPace(bool canonical) : canonical_(canonical), newton_(!canonical) {}

  // The next pass takes Newton's step.
  bool observed() const { return observed_; }
  void end_with_fisher() { observed_ = false; }
  // A pass told the step from `at` to `next`; gives where the next pass stands.
  GlmPlace after(const GlmPlace& at, const GlmPlace& next, const LinearSolution& solution,
                 const Step& step);
  // The step that was mixed last, if it was, as it would be without.
  std::optional<GlmPlace> unmixed() { return std::exchange(unmixed_, std::nullopt); }
  // The last step led too far. Was it Newton's, Fisher's follow until the end is near again.
  void restart();

 private:
  struct Told {
    std::vector<double> step;
    GlmPlace next;
  };

  bool choose_information(const Step& step);
  std::vector<double> weights(const LinearSolution& solution) const;

  bool canonical_;
  bool newton_;                // such steps are worth taking
  bool observed_ = false;      // the next one is
  bool newtons_ = false;       // the last one was
  bool near_end_ = false;      // as Fisher's last step told
  double last_ = 0.0;          // size of the step before, of the same information; 0: none
  std::vector<bool> aliased_;  // of what was told
  std::vector<Told> told_;     // the last few, of the same information
  std::optional<GlmPlace> unmixed_;
};

}  // namespace insitu
