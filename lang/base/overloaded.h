// Several lambdas as one visitor, for std::visit.
#pragma once

namespace flow::lang {

template <typename... Cases> struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases> Overloaded(Cases...) -> Overloaded<Cases...>;

} // namespace flow::lang
