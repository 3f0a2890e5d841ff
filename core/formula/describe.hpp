// What a formula uses, as JSON for hosts (insitu_formula_describe).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace insitu {

// {"response": label | null, "response_kind": "numeric" | "factor" | null (none, or not known),
//  "response_variables": [names], "intercept": bool, "variables": [names], "offsets": [labels],
//  "terms": [{"label", "name", "variables": [names], "elements": [labels], "factors": [{"label",
//             "name"}],
//             "kind": "numeric" | "factor" | "mixed"}]}
// columns: [{"name", "kind": "numeric" | "factor"}, …] or null, which leaves "." and the kinds open
// ("unknown").
nlohmann::json describe_formula(std::string_view text, const nlohmann::json& columns);

}  // namespace insitu
