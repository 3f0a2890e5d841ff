// The laws of saved bytes: damaged, hostile, foreign.
#pragma once

#include <cstring>

#include "law_case.hpp"

namespace insitu::laws {

// Every position of short bytes; of long ones the first and last 300 and 300 at random.
inline std::vector<size_t> positions(Rng& rng, size_t size) {
  std::vector<size_t> out;
  const bool all = size <= 900;
  for (size_t i = 0; i < size; ++i) {
    if (all || i < 300 || i + 300 >= size) out.push_back(i);
  }
  for (size_t k = 0; !all && k < 300; ++k) out.push_back(rng.below(size));
  return out;
}

inline std::string damaged_bytes_are_refused(const Case& c, Rng& rng) {
  const AnyAnalysis& a = *c.analysis;
  std::string bytes = a.save(*whole(c));
  const auto load = [&] { a.load(as_bytes(bytes)); };
  const std::string whole_bytes = bytes;
  for (const size_t i : positions(rng, bytes.size())) {
    bytes = whole_bytes.substr(0, i);
    if (auto found = state_error_from(load, "a prefix of " + std::to_string(i) + " bytes");
        !found.empty())
      return found;
    bytes = whole_bytes;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << rng.below(8)));
    if (auto found = state_error_from(load, "a flipped bit in byte " + std::to_string(i));
        !found.empty())
      return found;
  }
  bytes = whole_bytes + '\0';
  return state_error_from(load, "an extra byte");
}

// Payloads near a good one: a changed byte, or a count changed by one along with the bytes of an
// element.
inline std::string hostile_payload(Rng& rng, const std::string& payload, size_t at) {
  std::string hostile = payload;
  uint64_t count = 0;
  if (at + sizeof count <= payload.size()) std::memcpy(&count, payload.data() + at, sizeof count);
  if (count > 0 && count < 100'000 && rng.chance(0.8)) {
    constexpr size_t kElementBytes[] = {1, 2, 4, 8, 16};
    const size_t element = kElementBytes[rng.below(5)];
    const bool grow = rng.chance(0.5);
    count = grow ? count + 1 : count - 1;
    std::memcpy(hostile.data() + at, &count, sizeof count);
    const size_t after = at + sizeof count;
    if (grow) {
      hostile.insert(after, element, '\0');
    } else {
      hostile.erase(after, element);
    }
    return hostile;
  }
  constexpr unsigned char kNasty[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
  hostile[at] = rng.chance(0.5) ? static_cast<char>(kNasty[rng.below(5)])
                                : static_cast<char>(hostile[at] ^ (1 << rng.below(8)));
  return hostile;
}

// Whatever such bytes give, it is a StateError at load or a state that update, merge and finalize
// survive (they may raise our errors). Memory is the sanitizers' to judge.
inline std::string hostile_payloads_do_no_harm(const Case& c, Rng& rng) {
  const AnyAnalysis& a = *c.analysis;
  const std::string bytes = a.save(*whole(c));
  const std::string payload(as_text(unseal(as_bytes(bytes), "state").payload));
  for (const size_t i : positions(rng, payload.size())) {
    const std::string hostile = hostile_payload(rng, payload, i);
    try {
      const StatePtr state = a.load(as_bytes(seal("state", a.name(), a.fingerprint(), hostile)));
      const StatePtr good = whole(c);
      a.distance(*good, *state);
      a.debug_string(*state);
      a.finalize(*state);
      a.merge(*good, *state);
      a.merge(*state, *good);
      a.update(*state, c.table.all());
      a.finalize(*state);
    } catch (const InternalError& error) {
      return "byte " + std::to_string(i) + ": " + error.what();
    } catch (const Error&) {
    }
  }
  return "";
}

inline std::string other_specs_refuse(const Case& c, Rng&) {
  if (c.other == nullptr) return "";
  const StatePtr mine = whole(c);
  const StatePtr theirs = c.other->empty();
  const std::string bytes = c.other->save(*theirs);
  if (auto found =
          state_error_from([&] { c.analysis->merge(*mine, *theirs); }, "merging a foreign state");
      !found.empty()) {
    return found;
  }
  return state_error_from([&] { c.analysis->load(as_bytes(bytes)); }, "loading a foreign state");
}

}  // namespace insitu::laws
