// Functions of the prelude that call the mathematical library.
#include <math.h>

#include "runtime/vocabulary/functions.h"

extern "C" {

double flow_fn_exp(FlowTask*, double value) { return exp(value); }
double flow_fn_ln(FlowTask*, double value) { return log(value); }
double flow_fn_log10(FlowTask*, double value) { return log10(value); }
double flow_fn_pow(FlowTask*, double base, double exponent) { return pow(base, exponent); }
double flow_fn_sin(FlowTask*, double value) { return sin(value); }
double flow_fn_cos(FlowTask*, double value) { return cos(value); }

} // extern "C"
