// Terms in order of first appearance, each once whatever the order of its elements.
#pragma once

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "formula/formula.hpp"

namespace insitu {

// The term holds a ".".
inline bool has_all(const Term& term) {
  return std::any_of(term.factors.begin(), term.factors.end(),
                     [](const ExprPtr& factor) { return factor->kind == ExprKind::kAll; });
}

class TermSet {
 public:
  // Equal for a:b and b:a.
  static std::string key(const Term& term) {
    if (term.factors.size() == 1) return term.label;
    std::vector<std::string> labels;
    labels.reserve(term.factors.size());
    for (const ExprPtr& factor : term.factors) labels.push_back(to_string(*factor));
    std::sort(labels.begin(), labels.end());
    std::string joined;
    for (const std::string& label : labels) joined += label + ':';
    return joined;
  }

  void add(Term term) {
    if (keys_.insert(key(term)).second) terms_.push_back(std::move(term));
  }

  // False if the term is not there.
  bool remove(const Term& term) {
    const std::string wanted = key(term);
    if (keys_.erase(wanted) == 0) return false;
    terms_.erase(std::find_if(terms_.begin(), terms_.end(),
                              [&](const Term& other) { return key(other) == wanted; }));
    return true;
  }

  bool contains(const Term& term) const { return keys_.count(key(term)) > 0; }

  bool has_all() const {
    return std::any_of(terms_.begin(), terms_.end(),
                       [](const Term& term) { return insitu::has_all(term); });
  }

  const std::vector<Term>& terms() const { return terms_; }
  std::vector<Term> release() && { return std::move(terms_); }

 private:
  std::vector<Term> terms_;
  std::unordered_set<std::string> keys_;
};

}  // namespace insitu
