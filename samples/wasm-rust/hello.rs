//! A module in Rust without the standard library. `hello(n)` writes a greeting into the module's memory, n times, and
//! answers how many bytes it wrote; `greeting()` tells where.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

static mut TEXT: [u8; 4096] = [0; 4096];

#[no_mangle]
pub extern "C" fn greeting() -> *const u8 {
    unsafe { core::ptr::addr_of!(TEXT) as *const u8 }
}

#[no_mangle]
pub extern "C" fn hello(times: i32) -> i32 {
    let text = unsafe { &mut *core::ptr::addr_of_mut!(TEXT) };
    let mut length = 0;
    for _ in 0..times {
        for byte in b"hello from Rust\n" {
            if length < text.len() {
                text[length] = *byte;
                length += 1;
            }
        }
    }
    length as i32
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
