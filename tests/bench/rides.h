// The queries rides_all and rides_four by hand.
#pragma once

#include <cstdint>

/// Over the bytes of a CSV file, which may be read a little beyond `end`; returns a checksum of the result rows.
uint64_t rides(const char* text, const char* end, bool wants_all, bool prints);
