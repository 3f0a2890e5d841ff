// Which columns of a full dummy coding are redundant, and in which order columns are eliminated.
#pragma once

#include <vector>

#include "solve/linear_system.hpp"

namespace insitu {

// Terms in the order they are eliminated: with drop_main, interactions before what they contain.
std::vector<size_t> term_order(const Design& design, bool drop_main);
// True if `some` is a subset of `all`.
bool contains(const std::vector<size_t>& all, const std::vector<size_t>& some);
// Elimination order of the columns, without those of term `except` (-1: none).
std::vector<size_t> elimination_order(const LinearSystem& system, bool drop_first, bool drop_main,
                                      int except);
// What the coding alone makes redundant in that order, were no cell empty: per column.
std::vector<bool> redundant_by_coding(const LinearSystem& system, bool drop_first, bool drop_main);

}  // namespace insitu
