flow_unit_test(plan_test SOURCES graph_test.cpp optimize_test.cpp layout_test.cpp plan_test.cpp
               DEPENDS flow_optimize flow_plan)
