// What all parts of the printer of trees share: lines, indentation, and how values and types look.
#pragma once

#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "lang/ast/ast.h"

namespace flow::lang {

/// A text as a literal, on one line.
std::string quoted(std::string_view text);
std::string dotted(const Path& path);

class TreePrinter {
public:
  std::string take() { return std::move(out_); }
  void expr(const Expr& expr);

protected:
  /// What is printed while it lives stands one level deeper.
  struct Indent {
    explicit Indent(TreePrinter& printer) : printer_(printer) { ++printer_.level_; }
    ~Indent() { --printer_.level_; }
    Indent(const Indent&) = delete;
    Indent& operator=(const Indent&) = delete;
    TreePrinter& printer_;
  };

  template <typename... Arguments> void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    out_.append(level_ * 2, ' ');
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
    out_ += '\n';
  }

  void doc(std::string_view text);
  void child(const Expr& node);
  /// A child with a line of its own that says what it is for.
  void labelled(std::string_view label, const Expr& node);
  void labelled_if_given(std::string_view label, const Expr* node);
  void named(std::string_view label, const Name& name);
  void argument(const Argument& argument);
  void type(const TypeExpr& type_expr);

private:
  void template_parts(const Template& node);
  void call(const Call& node);
  void match(const Match& node);
  void record(const RecordExpr& node);
  void field(const Field& field);

  std::string out_;
  size_t level_ = 0;
};

} // namespace flow::lang
