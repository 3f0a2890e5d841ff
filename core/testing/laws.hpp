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

using Law = std::string (*)(const Case&, Rng&);

struct NamedLaw {
  const char* name;
  Law law;
};

inline constexpr NamedLaw kLaws[] = {
    {"empty is the identity of merge", empty_is_identity},
    {"zero rows change nothing", zero_rows_change_nothing},
    {"where chunks are cut does not matter", cuts_do_not_matter},
    {"any split and merge order gives the whole-data state", any_merge_order},
    {"load(save(s)) = s at every step", saved_and_loaded_at_each_step},
    {"damaged bytes are a StateError", damaged_bytes_are_refused},
    {"hostile bytes under a good checksum do no harm", hostile_payloads_do_no_harm},
    {"states of another spec refuse", other_specs_refuse},
    {"finalize is const, repeatable, defined on empty", finalize_is_pure},
};

// The first violation, or "". Exceptions are violations too.
inline std::string first_violation(const Case& subject, uint64_t seed) {
  for (const NamedLaw& named : kLaws) {
    Rng rng(seed);
    try {
      if (const std::string found = named.law(subject, rng); !found.empty()) {
        return std::string(named.name) + ": " + found;
      }
    } catch (const std::exception& error) {
      return std::string(named.name) + ": threw " + error.what();
    }
  }
  return "";
}

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
