// Responses that are numbers of two values or shares: a factor counts as its level's number, from
// 0, so that of two levels the second is the event.
#pragma once

#include <string>
#include <vector>

#include "design/design.hpp"

namespace insitu {

// The response as the formula writes it.
std::string response_text(const std::string& formula);
// The formula with N() about a response that is a factor.
std::string with_numeric_response(const std::string& formula,
                                  const std::vector<DesignColumn>& columns);
// DataError where the response is a factor of more than two levels, as far as they are known.
// `what` it is called.
void require_two_levels(const Design& design, const std::string& what);

}  // namespace insitu
