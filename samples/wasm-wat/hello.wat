;; A module as text. (hello n) writes a greeting into the module's memory, n times, and answers how many bytes it
;; wrote; (greeting) tells where.
(module
  (memory (export "memory") 1)
  (data $line "hello from WAT\n")
  (func (export "greeting") (result i32) i32.const 0)
  (func (export "hello") (param $times i32) (result i32)
    (local $length i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $times)))
        (br_if $done (i32.gt_u (local.get $length) (i32.const 4000)))
        (memory.init $line (local.get $length) (i32.const 0) (i32.const 15))
        (local.set $length (i32.add (local.get $length) (i32.const 15)))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br $next)))
    (local.get $length)))
