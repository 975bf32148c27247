#!/bin/sh
# What the sinks of late_allow.flow wrote, each sorted: sorted_parts.sh FOLDER
for sink in tumbling hopping whole newest tardy; do LC_ALL=C sort "$1/$sink"/part-*; done
