; Two loops, one in the other, with calls on them, before them and behind them.
declare void @before()
declare void @hot()
declare void @inner(i64)
declare void @behind()
declare void @slow(i64) #1
declare i64 @llvm.smax.i64(i64, i64)

define internal void @helper() {
entry:
  br label %loop

loop:
  call void @before()
  br label %loop
}

define internal i64 @chain.process(i64 %n) #0 {
  call void @before()
  br label %2

2:                                                ; preds = %inner.loop, %0
  %i = phi i64 [ 0, %0 ], [ %next, %inner.loop ]
  tail call void @hot()
  %next = add i64 %i, 1
  br label %inner.loop

inner.loop:
  call void @inner(i64 %i)
  %most = call i64 @llvm.smax.i64(i64 %i, i64 %n)
  switch i64 %most, label %cold [
    i64 1, label %inner.loop
    i64 2, label %2
  ]

cold:
  call void @slow(i64 %i)
  %again = icmp eq i64 %i, 7
  br i1 %again, label %2, label %exit

exit:
  call void @behind()
  ret i64 %next
}

attributes #0 = { nounwind }
attributes #1 = { cold noinline nounwind }
