// Designs whose response is a number of two values or a share: a factor counts as its level's
// number, from 0, so that of two levels the second is the event.
#pragma once

#include <string>
#include <vector>

#include "design/design.hpp"

namespace insitu {

// Design::make with such a response; its label stays as written.
Design design_of_numeric_response(const std::string& formula,
                                  const std::vector<DesignColumn>& columns,
                                  const std::string& weight,
                                  const std::vector<std::string>& clusters = {});

// DataError where the response is a factor of more than two levels, as far as they are known.
// `what` it is called.
void require_two_levels(const Design& design, const std::string& what);

}  // namespace insitu
