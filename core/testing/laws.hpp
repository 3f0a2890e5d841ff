// The laws of core/base/analysis.hpp as a test suite: INSITU_LAWS(TestName, generator).
//
//   laws::Case generator(uint64_t seed);   an analysis, a table that has its columns, and an
//   analysis of another spec
//
// Each law returns "" or the sentence of its violation, so that a test of the laws can assert that
// they catch mutations.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "law_checks.hpp"

namespace insitu::laws {

inline constexpr uint64_t kLawSeeds = 24;

inline void run(const std::function<Case(uint64_t)>& generator) {
  for (uint64_t seed = 0; seed < kLawSeeds; ++seed) {
    const Case subject = generator(seed);
    ASSERT_EQ("", first_violation(subject, seed)) << "seed " << seed << ", " << subject.table.rows()
                                                  << " rows, spec " << subject.analysis->spec();
  }
}

}  // namespace insitu::laws

#define INSITU_LAWS(TestName, generator) \
  TEST(TestName, Laws) { ::insitu::laws::run(generator); }
