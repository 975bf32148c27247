flow_unit_test(plan_test SOURCES plan_test.cpp DEPENDS flow_optimize flow_plan)
