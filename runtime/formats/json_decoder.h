// JSON lines: every line is an object whose members are the fields, in any order. Other members are passed over; of
// members with one name the last counts. A missing member is null, or makes the record bad where the field takes no
// null. Lines of white space are passed over.
//
// Numbers are exact: an integer is never read through a float, 1.0 and 1e3 are integers too. Floats may also be the
// strings "inf", "-inf", "nan". Strings may hold escapes, surrogates in pairs. Values nest at most 256 deep.
//
// Option `timestamps`: "s", "ms" or "us": timestamps may be whole numbers since 1970.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/formats/decoder.h"

namespace flow::runtime {

Result<std::unique_ptr<Decoder>> make_json_decoder(std::vector<Field> fields, const Options& options,
                                                   std::string origin);

} // namespace flow::runtime
