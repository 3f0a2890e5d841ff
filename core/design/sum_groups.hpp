// Rows that a database grouped and summed for a request (sum_request.hpp): what analyses build
// their states from.
//
// An answer is one table. Its columns, by name: "block" tells which of the facts' blocks a row
// belongs to, each over the factors it is grouped by; "status" whether the group's rows are used,
// missing or left out by a zero weight; "rows" counts them; "weight" and "log_weight" sum w and
// ln w; "f0" is the label of factor 0 (null: missing), "v1" the value 1 where the group shares it;
// "s1_2" sums w (v1 - origin)(v2 - origin); of a described value 1 "n1" counts the rows, "w1" sums
// their weights, "m1" those of rows without it, "l1" and "g1" are the least and greatest, "o1" the
// origin where the group has its own. All but labels are numbers.
//
// A block serves a table whose factors it has, if it has the products, or shares their values. An
// analysis adds up its rows: margins are sums in double-double.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/chunk.hpp"
#include "base/double_double.hpp"
#include "base/levels.hpp"
#include "design/design.hpp"
#include "design/sum_request.hpp"

namespace insitu {

class SumGroups {
 public:
  enum class Status : uint8_t { kUsed, kMissing, kZeroWeight };
  struct Block {
    std::vector<size_t> factors;  // ascending
    std::vector<size_t> shared;   // values that the rows of a group have in common
    std::vector<std::array<size_t, 2>> products;
    std::vector<size_t> described;
    std::vector<size_t> groups;  // their rows of the answer
  };

  // facts: {"origin": [of each value], "rounding": relative error of the sums, "blocks":
  // [{"factors", "shared", "products", "described"}, …], "faults": [{"column", "value", "rows",
  // "fault"}, …]}. SpecError where facts and answer do not fit the design; DataError for the first
  // fault, as rows would give it.
  SumGroups(std::span<const DesignFactor> factors, size_t values, bool weighted, const Json& facts,
            const Chunk& answer);

  const std::vector<double>& origin() const { return origin_; }
  double rounding() const { return rounding_; }
  // Labels of a factor by code; of all rows, used or not.
  std::vector<std::string> labels(size_t factor) const { return tables_[factor].labels(); }
  // The block with the fewest groups that serves the table. SpecError if none does.
  const Block& block_for(const SumTable& table) const;

  // Of the group in one row of the answer. A group in whose factors a label is missing or unseen is
  // not used, whatever the database says.
  Status status(const Block& block, size_t group) const;
  uint32_t code(size_t factor, size_t group) const { return codes_[factor][group]; }
  uint64_t rows(size_t group) const;
  double weight(size_t group) const;  // the rows, without weights
  double log_weight(size_t group) const { return column("log_weight")[group]; }

  // Where the sums of a product lie: looked up once, read for every group.
  struct Product {
    const std::vector<double>* sums = nullptr;  // null: the weights
    std::array<size_t, 2> by = {0, 0};          // shared values that multiply them; 0: the one
  };
  // The block serves a table with this product.
  Product product(const Block& block, size_t a, size_t b) const;
  DoubleDouble value(const Product& product, size_t group) const;

  // Numbers of a described value, by group: prefix "n", "w", "m", "l" or "g"; NaN for null.
  const std::vector<double>& described(char prefix, size_t value) const;
  double origin_of(size_t value, size_t group) const;

 private:
  void read_blocks(const Json& list, const Chunk& answer);
  void read_groups(const Chunk& answer);
  void read_labels(std::span<const DesignFactor> factors, const Chunk& answer);
  void read_numbers(const Chunk& answer);
  bool serves(const Block& block, const SumTable& table) const;
  const std::vector<double>& column(const std::string& name) const;
  DoubleDouble distance(size_t value, size_t group) const;

  std::vector<double> origin_;
  double rounding_ = 0.0;
  bool weighted_;
  std::vector<LevelTable> tables_;
  std::vector<std::vector<uint32_t>> codes_;  // per factor, of every group
  std::vector<Block> blocks_;
  std::map<std::string, std::vector<double>, std::less<>> numbers_;
};

}  // namespace insitu
