use super::*;

fn network(magic: u32) -> bool {
    matches!(judge(magic, || None), Nature::Network(_))
}

fn unclear(magic: u32, mount_type: Option<&str>) -> bool {
    let mount_type = || mount_type.map(str::to_owned);
    matches!(judge(magic, mount_type), Nature::Unclear(_))
}

const FUSE: u32 = 0x6573_5546;

#[test]
fn each_number_is_judged_for_what_it_is() {
    for magic in [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x564c,
        0x5346_414f,
        0x6b41_4653,
        0x7375_7245,
        0x00c3_6400,
        0x0bd0_0bd0,
        0x4750_4653,
        0x1983_0326,
        0x2003_0528,
        0xaad7_aaea,
        0x0131_11a8,
        0xbeef_dead,
        0x0116_1970,
        0x7461_636f,
        0x6163_6673,
    ] {
        assert!(network(magic), "{magic:#x}");
    }
    for magic in [0x0102_1997, 0x786f_4256, 0xbacb_acbc, 0x7c7c_6673] {
        assert!(unclear(magic, None), "{magic:#x}");
    }
    // ext4, XFS, Btrfs, ZFS, F2FS, bcachefs, tmpfs, ramfs, overlay, eCryptfs, exFAT, NTFS, UBIFS.
    for magic in [
        0xef53,
        0x5846_5342,
        0x9123_683e,
        0x2fc1_2fc1,
        0xf2f5_2010,
        0xca45_1a4e,
        0x0102_1994,
        0x8584_58f6,
        0x794c_7630,
        0xf15f,
        0x2011_bab0,
        0x5346_544e,
        0x2405_1905,
    ] {
        assert_eq!(judge(magic, || unreachable!()), Nature::Local, "{magic:#x}");
    }
}

#[test]
fn fuse_is_judged_by_its_mount() {
    for name in [
        "fuseblk",
        "fuse.cryfs",
        "fuse.encfs",
        "fuse.gocryptfs",
        "fuse.securefs",
        "fuse.fuse-overlayfs",
    ] {
        let found = judge(FUSE, || Some(name.to_owned()));
        assert_eq!(found, Nature::Local, "{name}");
    }
    for name in [
        "fuse",
        "virtiofs",
        "fuse.sshfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.glusterfs",
        "fuse.bindfs",
        "fuse.mergerfs",
        "fuse.gocryptfs2",
        "gocryptfs",
        "",
    ] {
        assert!(unclear(FUSE, Some(name)), "{name}");
    }
    assert!(unclear(FUSE, None));
}

#[test]
fn the_type_of_a_mount_is_found_by_its_device() {
    let mounts = "\
22 27 0:20 / /sys rw,nosuid shared:2 - sysfs sysfs rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
61 27 0:52 / /home/a\\040-\\040b rw,nosuid shared:9 master:4 - fuse.gocryptfs /home/.a rw,user_id=0
62 27 0:5 / /mnt rw - fuse.sshfs a@b:/ rw
broken 0:99
";
    assert_eq!(type_of_device(mounts, (254, 0)), Some("ext4"));
    assert_eq!(type_of_device(mounts, (0, 52)), Some("fuse.gocryptfs"));
    assert_eq!(type_of_device(mounts, (0, 5)), Some("fuse.sshfs"));
    assert_eq!(type_of_device(mounts, (0, 99)), None);
    assert_eq!(type_of_device(mounts, (1, 1)), None);
    assert_eq!(type_of_device("", (0, 5)), None);
}

#[test]
fn what_the_kernel_says_decides_and_the_caller_may_answer_for_the_unclear() {
    let dir = Path::new("/home/a/.authkeep");
    let on = |found: Nature, allowed| check_with(dir, allowed, |_| Ok(found.clone()));
    let unclear = Nature::Unclear("9P".into());
    for allowed in [FileSystems::Local, FileSystems::LocalOrUnclear] {
        on(Nature::Local, allowed).unwrap();
        match on(Nature::Network("NFS"), allowed) {
            Err(error @ OpenError::NetworkFileSystem { .. }) => {
                let said = error.to_string();
                assert!(said.contains("/home/a/.authkeep") && said.contains("NFS"));
            }
            found => panic!("{found:?}"),
        }
    }
    match on(unclear.clone(), FileSystems::Local) {
        Err(error @ OpenError::UnclearFileSystem { .. }) => {
            let said = error.to_string();
            assert!(said.contains("/home/a/.authkeep") && said.contains("9P"));
        }
        found => panic!("{found:?}"),
    }
    on(unclear, FileSystems::LocalOrUnclear).unwrap();
}

#[test]
fn a_directory_to_be_made_is_judged_by_the_one_above_it() {
    let missing = |error: io::ErrorKind| {
        move |place: &Path| match place.to_str().unwrap() {
            "/mnt" | "." => Ok(Nature::Network("NFS")),
            _ => Err(error.into()),
        }
    };
    for dir in ["/mnt/a/b", "/mnt", "a/b", "a"] {
        let found = check_with(
            Path::new(dir),
            FileSystems::Local,
            missing(io::ErrorKind::NotFound),
        );
        assert!(
            matches!(found, Err(OpenError::NetworkFileSystem { dir: at, .. }) if at == Path::new(dir))
        );
    }
    // Where the kernel does not answer, nothing is assumed.
    let found = check_with(
        Path::new("/mnt/a"),
        FileSystems::LocalOrUnclear,
        missing(io::ErrorKind::PermissionDenied),
    );
    assert!(matches!(found, Err(OpenError::Permission { .. })));
    let nothing = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let found = check_with(Path::new("/mnt"), FileSystems::Local, nothing);
    assert!(matches!(found, Err(OpenError::Io { .. })));
}

#[test]
fn the_kernel_is_asked_about_real_directories() {
    let home = tempfile::tempdir().unwrap();
    assert!(nature(Path::new("/proc")).is_ok_and(|found| found == Nature::Local));
    assert_eq!(
        nature(&home.path().join("missing")).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
}
