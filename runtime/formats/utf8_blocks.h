// Whether a text is UTF-8, many bytes at a time where the CPU can; the answer is that of is_utf8 (utf8.h).
#pragma once

#include <string_view>

#include "runtime/base/cpu.h"

namespace flow::runtime {

using Utf8Check = bool (*)(std::string_view text);
Utf8Check utf8_check_for(CpuFeatures cpu);

} // namespace flow::runtime
