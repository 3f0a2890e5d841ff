// One list of fields per plain-data struct; serialisation, equality, size and debug printing are
// derived from it.
//
//   struct MomentsState {
//     uint64_t rows = 0;
//     std::vector<Moments> columns;
//     static void fields(auto& self, auto&& visit) {
//       visit("rows", FieldKind::kExact, self.rows);
//       visit("columns", FieldKind::kSum, self.columns);
//     }
//   };
//
// A field is a number, bool, string, DoubleDouble, a vector or optional of such, or a struct with
// `fields` of its own. The kind states the merge law of the field (docs/architecture.md). A struct
// used under kSum offers `double distance(const T& other) const`: the largest difference in units
// of 2^-53 x the sum of |terms|, taken about a common origin; the law suite bounds it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace insitu {

enum class FieldKind : uint8_t {
  kExact,   // counts, minima, level sets, samples: any split in any order gives equal values
  kSum,     // sums of doubles: equal up to the stated rounding
  kSketch,  // equal up to the sketch's stated rank error
};

namespace detail {
struct NoVisit {
  template <class T>
  void operator()(std::string_view, FieldKind, T&&) const {}
};
}  // namespace detail

template <class T>
concept HasFields = requires(T& value, const T& constant) {
  T::fields(value, detail::NoVisit{});
  T::fields(constant, detail::NoVisit{});
};

}  // namespace insitu
