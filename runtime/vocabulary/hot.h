// How the hot half of the vocabulary is compiled: natively as ordinary functions, and to bitcode, where everything is
// inlined into generated code. No statics, no mutable globals, nothing from the C++ library that allocates.
#pragma once

#ifdef FLOW_VOCABULARY_BITCODE
#define FLOW_HOT extern "C" __attribute__((always_inline))
#else
#define FLOW_HOT extern "C"
#endif

#define FLOW_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define FLOW_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
