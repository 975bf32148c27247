// CSV as csv_decoder.h reads it. Options: header, delimiter, null, with the same meaning.
#pragma once

#include <memory>
#include <vector>

#include "runtime/formats/encoder.h"

namespace flow::runtime {

Result<std::unique_ptr<Encoder>> make_csv_encoder(std::vector<Field> fields, const Options& options);

} // namespace flow::runtime
