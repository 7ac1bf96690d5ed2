use std::panic;

use authkeep_tests::authkeep_bin;

#[test]
fn the_binary_is_found_or_its_absence_says_what_to_build() {
    match panic::catch_unwind(authkeep_bin) {
        Ok(path) => assert!(path.is_file() && path.file_stem().unwrap() == "authkeep"),
        Err(message) => {
            let message = message.downcast::<String>().unwrap();
            assert!(message.contains("cargo build -p authkeep-cli"), "{message}");
        }
    }
}
