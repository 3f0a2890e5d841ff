// A point of the parameters of a generalised linear model.
#pragma once

#include <span>
#include <vector>

#include "design/linear_predictor.hpp"
#include "glm/glm_options.hpp"
#include "solve/linear_solver.hpp"

namespace insitu {

struct GlmPlace {
  std::vector<double> coefficients;  // of the formula's columns; 0 where aliased
  LinearPredictor predictor;         // the same about centers
};

GlmPlace place_of(const LinearSystem& system, const LinearSolution& solution);
// Given values are coefficients of the formula's columns, dropped ones included.
GlmPlace place_of_initial_values(const Design& design, const GlmOptions& options);
// A constant, and nothing else.
GlmPlace constant_place(const Design& design, double constant);
// On the way from one to another, after a part of it.
GlmPlace between(const GlmPlace& from, const GlmPlace& to, double part);
// The last place, and weights times the ways from there to the others.
GlmPlace combination(std::span<const GlmPlace> places, std::span<const double> weights);

}  // namespace insitu
