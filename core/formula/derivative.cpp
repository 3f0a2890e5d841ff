#include "formula/derivative.hpp"

#include <algorithm>
#include <numbers>
#include <unordered_map>

#include "base/errors.hpp"

namespace insitu {
namespace {

[[noreturn]] void refuse_size(const Expr& expr) {
  throw SpecError("the derivative of " + to_string(expr).substr(0, 80) +
                  " … is too long an expression: make a column of it with transforms");
}

// Makes nodes, and knows how many there are below each as programs run them.
class Builder {
 public:
  explicit Builder(const Expr& whole) : whole_(whole) {}

  // As the parser makes it: text tells trees apart.
  ExprPtr number(double value) {
    if (value < 0.0) return negative(number(-value));
    Expr node;
    node.kind = ExprKind::kNumber;
    node.number = value;
    return made(std::move(node));
  }
  ExprPtr negative(ExprPtr a) {
    Expr node;
    node.kind = ExprKind::kNegate;
    node.args = {std::move(a)};
    return made(std::move(node));
  }
  ExprPtr call(const char* function, ExprPtr a) {
    Expr node;
    node.kind = ExprKind::kCall;
    node.name = function;
    node.args = {std::move(a)};
    return made(std::move(node));
  }
  ExprPtr binary(BinaryOp op, ExprPtr a, ExprPtr b) {
    Expr node;
    node.kind = ExprKind::kBinary;
    node.op = op;
    node.args = {std::move(a), std::move(b)};
    return made(std::move(node));
  }
  ExprPtr times(ExprPtr a, ExprPtr b) {
    if (is_one(*a)) return b;
    if (is_one(*b)) return a;
    return binary(BinaryOp::kMultiply, std::move(a), std::move(b));
  }
  ExprPtr over(ExprPtr a, ExprPtr b) {
    return binary(BinaryOp::kDivide, std::move(a), std::move(b));
  }
  ExprPtr power(ExprPtr a, ExprPtr b) {
    if (is_one(*b)) return a;
    return binary(BinaryOp::kPower, std::move(a), std::move(b));
  }
  // Of terms that may be null, which is 0.
  ExprPtr sum(ExprPtr a, ExprPtr b) {
    if (a == nullptr) return b;
    if (b == nullptr) return a;
    return binary(BinaryOp::kAdd, std::move(a), std::move(b));
  }
  // A copy with other arguments.
  ExprPtr like(const Expr& expr, std::vector<ExprPtr> args) {
    Expr node = expr;
    node.args = std::move(args);
    node.depth = 1;
    return made(std::move(node));
  }

 private:
  static bool is_one(const Expr& expr) {
    return expr.kind == ExprKind::kNumber && expr.number == 1.0;
  }

  size_t nodes(const ExprPtr& expr) {
    if (const auto found = nodes_.find(expr.get()); found != nodes_.end()) return found->second;
    size_t count = 1;
    for (const ExprPtr& arg : expr->args) count = std::min(kMostNodes + 1, count + nodes(arg));
    kept_.push_back(expr);
    return nodes_[expr.get()] = count;
  }

  ExprPtr made(Expr node) {
    for (const ExprPtr& arg : node.args) node.depth = std::max(node.depth, arg->depth + 1);
    auto result = std::make_shared<const Expr>(std::move(node));
    if (nodes(result) > kMostNodes || result->depth > 4 * kMaxExprDepth) refuse_size(whole_);
    return result;
  }

  const Expr& whole_;
  std::unordered_map<const Expr*, size_t> nodes_;
  std::vector<ExprPtr> kept_;  // so that no address is used again
};

class Differentiator {
 public:
  Differentiator(const Expr& whole, const std::string& column) : make_(whole), column_(column) {}

  ExprPtr of(const ExprPtr& expr) {
    switch (expr->kind) {
      case ExprKind::kNumber:
      case ExprKind::kCodesOf:
        return nullptr;
      case ExprKind::kColumn:
        return expr->name == column_ ? make_.number(1.0) : nullptr;
      case ExprKind::kNegate: {
        const ExprPtr inner = of(expr->args[0]);
        return inner == nullptr ? nullptr : make_.negative(inner);
      }
      case ExprKind::kBinary:
        return of_binary(*expr);
      case ExprKind::kCall:
        return of_call(expr);
      case ExprKind::kFactorOf:
      case ExprKind::kAll:
        break;
    }
    throw SpecError(to_string(*expr) + " is not a number");
  }

 private:
  [[noreturn]] void refuse_step(const Expr& expr) const {
    throw SpecError("the effect of \"" + column_ +
                    "\" is no derivative: " + to_string(expr).substr(0, 200) +
                    " steps with it; give two or more of its values to compare");
  }

  ExprPtr of_binary(const Expr& expr) {
    const ExprPtr &a = expr.args[0], &b = expr.args[1];
    if (expr.op == BinaryOp::kPower) return of_power(expr);
    const ExprPtr da = of(a), db = of(b);
    if (da == nullptr && db == nullptr) return nullptr;
    switch (expr.op) {
      case BinaryOp::kAdd:
        return make_.sum(da, db);
      case BinaryOp::kSubtract:
        return make_.sum(da, db == nullptr ? nullptr : make_.negative(db));
      case BinaryOp::kMultiply:
        return make_.sum(da == nullptr ? nullptr : make_.times(da, b),
                         db == nullptr ? nullptr : make_.times(a, db));
      case BinaryOp::kDivide: {
        ExprPtr first = da == nullptr ? nullptr : make_.over(da, b);
        if (db == nullptr) return first;
        return make_.sum(first, make_.negative(make_.over(make_.times(a, db), make_.times(b, b))));
      }
      default:
        refuse_step(expr);
    }
  }

  // a^b: b a^(b-1) a' + a^b log(a) b'
  ExprPtr of_power(const Expr& expr) {
    const ExprPtr &a = expr.args[0], &b = expr.args[1];
    const ExprPtr da = of(a), db = of(b);
    ExprPtr left, right;
    if (da != nullptr) {
      double constant = 0.0;
      if (constant_of(*b, constant)) {
        if (constant == 0.0) return nullptr;
        left = make_.times(
            make_.times(make_.number(constant), make_.power(a, make_.number(constant - 1.0))), da);
      } else {
        const ExprPtr less = make_.binary(BinaryOp::kSubtract, b, make_.number(1.0));
        left = make_.times(make_.times(b, make_.power(a, less)), da);
      }
    }
    if (db != nullptr)
      right = make_.times(make_.times(make_.power(a, b), make_.call("log", a)), db);
    return make_.sum(left, right);
  }

  static bool constant_of(const Expr& expr, double& value) {
    if (expr.kind == ExprKind::kNumber) {
      value = expr.number;
      return true;
    }
    if (expr.kind != ExprKind::kNegate || !constant_of(*expr.args[0], value)) return false;
    value = -value;
    return true;
  }

  ExprPtr of_call(const ExprPtr& expr) {
    if (expr->name == "pow") return of_power(*expr);
    const ExprPtr& a = expr->args[0];
    ExprPtr da = of(a);
    if (da == nullptr || expr->name == "I") return da;
    const std::string& f = expr->name;
    if (f == "log" || f == "ln") return make_.over(da, a);
    if (f == "log10") return make_.over(da, make_.times(make_.number(std::numbers::ln10), a));
    if (f == "log2") return make_.over(da, make_.times(make_.number(std::numbers::ln2), a));
    if (f == "exp") return make_.times(expr, da);
    if (f == "sqrt") return make_.over(da, make_.times(make_.number(2.0), expr));
    if (f == "abs") return make_.times(make_.over(a, expr), da);  // missing at 0
    if (f == "sin") return make_.times(make_.call("cos", a), da);
    if (f == "cos") return make_.times(make_.negative(make_.call("sin", a)), da);
    if (f == "tan") {
      const ExprPtr one = make_.number(1.0);
      return make_.times(make_.sum(one, make_.power(expr, make_.number(2.0))), da);
    }
    refuse_step(*expr);
  }

  Builder make_;
  const std::string& column_;
};

ExprPtr replaced(Builder& make, const ExprPtr& expr, const std::vector<FixedColumn>& fixed) {
  const bool codes = expr->kind == ExprKind::kCodesOf;
  if (codes || expr->kind == ExprKind::kColumn) {
    const std::string& name = codes ? expr->args[0]->name : expr->name;
    for (const FixedColumn& each : fixed) {
      if (each.column == name && each.codes == codes) return make.number(each.number);
    }
    return expr;
  }
  std::vector<ExprPtr> args;
  bool same = true;
  for (const ExprPtr& arg : expr->args) {
    args.push_back(replaced(make, arg, fixed));
    same = same && args.back() == arg;
  }
  return same ? expr : make.like(*expr, std::move(args));
}

}  // namespace

ExprPtr derivative(const ExprPtr& expr, const std::string& column) {
  return Differentiator(*expr, column).of(expr);
}

ExprPtr with_values(const ExprPtr& expr, const std::vector<FixedColumn>& fixed) {
  Builder make(*expr);
  return replaced(make, expr, fixed);
}

}  // namespace insitu
