#include "solve/condition_number.hpp"

namespace insitu {

bool in_condition(const LinearSystem& system, const SolverOptions& options, size_t column) {
  return system.columns()[column].term != (options.cube ? 0 : Centring::kIntercept);
}

double condition_number(const LinearSystem& system, const SolverOptions& options,
                        const std::vector<size_t>& columns, const SymmetricMatrix& inverse) {
  if (columns.empty()) return 1.0;
  if (!options.cube) return condition_1norm(swept_block(system, columns), inverse);
  return norm_1(block_within_cells(system, columns, 0)) * norm_1(inverse);
}

}  // namespace insitu
