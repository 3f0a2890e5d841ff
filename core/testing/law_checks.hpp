// All laws by name. No test framework here, so that fuzz targets use them too.
#pragma once

#include "law_arithmetic.hpp"
#include "law_bytes.hpp"

namespace insitu::laws {

using Law = std::string (*)(const Case&, Rng&);

struct NamedLaw {
  const char* name;
  Law law;
  bool costly = false;  // loads the state hundreds of times
};

inline constexpr NamedLaw kLaws[] = {
    {"empty is the identity of merge", empty_is_identity},
    {"zero rows change nothing", zero_rows_change_nothing},
    {"where chunks are cut does not matter", cuts_do_not_matter},
    {"any split and merge order gives the whole-data state", any_merge_order},
    {"load(save(s)) = s at every step", saved_and_loaded_at_each_step},
    {"damaged bytes are a StateError", damaged_bytes_are_refused, true},
    {"hostile bytes under a good checksum do no harm", hostile_payloads_do_no_harm, true},
    {"states of another spec refuse", other_specs_refuse},
    {"finalize is const, repeatable, defined on empty", finalize_is_pure},
};

// The first violation, or "". Exceptions are violations too.
inline std::string first_violation(const Case& subject, uint64_t seed, bool costly = true) {
  for (const NamedLaw& named : kLaws) {
    if (named.costly && !costly) continue;
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

}  // namespace insitu::laws
