#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what packages are made of: that `meson install` installs what they list, that the Dockerfile is one and has the
libraries that the programs want, that versions agree, and that the spec is one for rpm.

    test/tools/check_packages.py BUILD

It does not build an image or a package: etc/container/Dockerfile is read by a few rules of its own, not by an engine.
"""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INSTRUCTIONS = ("FROM", "COPY", "RUN", "WORKDIR", "USER", "VOLUME", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD", "ENV", "ARG",
                "EXPOSE", "LABEL", "SHELL")
LIBRARIES = "/usr/lib64"  # wherever the build installs them
PREFIXES = {"%{_bindir}": "/usr/bin", "%{_sbindir}": "/usr/sbin", "%{_prefix}": "/usr", "%{_datadir}": "/usr/share",
            "%{_includedir}": "/usr/include", "%{_libdir}": LIBRARIES, "%{_mandir}": "/usr/share/man", "%{_sysconfdir}": "/etc", "%{_docdir}": "/usr/share/doc"}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, check=False, **more)


def instructions(text):
    """[(instruction, its words)], comments left out and continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [(line.split(None, 1) + [""])[:2] for line in joined.splitlines() if line.strip()]


def check_dockerfile(text, programs):
    found = instructions(text)
    faults = [f"Dockerfile: {name}: no instruction" for name, _ in found if name not in INSTRUCTIONS]
    froms = [at for at, (name, _) in enumerate(found) if name == "FROM"]
    if len(froms) < 2 or froms[0] != 0:
        return faults + ["Dockerfile: should have a stage that builds and one that runs"]
    last = found[froms[-1]:]
    values = {name: words for name, words in last}
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", values.get("USER", "")):
        faults.append("Dockerfile: USER: should be a number and its group, not root")
    if not re.search(r'CMD \["stook", "health"\]$', values.get("HEALTHCHECK", "")):
        faults.append('Dockerfile: HEALTHCHECK: should ask CMD ["stook", "health"]')
    if not values.get("ENTRYPOINT", "").startswith('["stookd"'):
        faults.append('Dockerfile: ENTRYPOINT: should be ["stookd", …], so that signals reach it')
    for name, words in found:
        if name == "FROM" and not re.fullmatch(r"debian:12-slim( AS \w+)?", words):
            faults.append(f"Dockerfile: FROM {words}: should name the version that is tested")
        if name == "RUN" and run("sh", "-n", "-c", words).returncode != 0:
            faults.append(f"Dockerfile: RUN {words[:60]}: no shell command")
        is_small = "--no-install-recommends" in words and "rm -rf /var/lib/apt/lists" in words
        if name == "RUN" and "apt-get install" in words and not is_small:
            faults.append("Dockerfile: RUN apt-get: should be --no-install-recommends, and take its lists away")
        if name == "COPY" and not words.startswith("--from="):
            faults += [f"Dockerfile: COPY {path}: not there" for path in words.split()[:-1]
                       if not os.path.exists(os.path.join(ROOT, path))]
    installed = " ".join(words for name, words in last if name == "RUN").split()
    return faults + [f"Dockerfile: the stage that runs lacks {package}" for package in libraries(programs)
                     if package not in installed]


def libraries(programs):
    """The packages whose libraries the programs are linked to, but for those that every Debian has; by dpkg, else none."""
    if shutil.which("dpkg-query") is None:
        return []
    paths = set()
    for program in programs:
        paths |= {os.path.realpath(path) for path in re.findall(r"=> (/\S+)", run("ldd", program).stdout)}
    said = run("dpkg-query", "-S", *sorted(paths)).stdout
    packages = {line.split(":", 1)[0] for line in said.splitlines() if ": /" in line}
    return sorted(packages - {"libc6", "libgcc-s1", "libstdc++6"})


def check_spec(text, installed):
    """Every line of %files is installed, and everything that is installed stands there."""
    faults = []
    listed = []
    for line in text.partition("\n%files\n")[2].partition("\n%changelog")[0].splitlines():
        path = re.sub(r"^%(license|doc|config\(noreplace\)) ", "", line.strip())
        for macro, prefix in PREFIXES.items():
            path = path.replace(macro, prefix)
        if path.startswith("/"):
            listed.append(path)
    here = installed | {"/etc/stook.conf"}
    for path in listed:
        if not any(fnmatch.fnmatch(one, path) or one.startswith(path + "/") for one in here):
            faults.append(f"stook.spec: {path}: not installed")
    for one in sorted(installed):
        if not any(fnmatch.fnmatch(one, path) or one.startswith(path + "/") for path in listed):
            faults.append(f"stook.spec: {one}: not in %files")
    if shutil.which("rpmspec"):
        done = run("rpmspec", "-P", os.path.join(ROOT, "etc/packages/stook.spec"))
        faults += [f"rpmspec: {line}" for line in (done.stderr.splitlines() or ["failed"])] if done.returncode != 0 else []
    else:
        print("rpmspec is not installed: the spec was not parsed by rpm")
    return faults


def check_versions(spec):
    version = re.search(r"version: '(.*?)'", read("meson.build"))[1]
    others = {"etc/debian/changelog": re.search(r"\((.*?)\)", read("etc/debian/changelog"))[1],
              "etc/packages/stook.spec": re.search(r"^Version: +(\S+)", spec, re.M)[1]}
    return [f"{path}: says {other}, and meson.build {version}" for path, other in others.items() if other != version]


def check_build_depends():
    """What `etc/packages/debian-12 build` installs as libraries stands in Build-Depends."""
    wanted = set(re.findall(r"\S+-dev\b", re.search(r"^build='(.*?)'", read("etc/packages/debian-12"), re.M | re.S)[1]))
    found = set(re.findall(r"\S+-dev\b", re.search(r"^Build-Depends:(.*?)^\S", read("etc/debian/control"), re.M | re.S)[1]))
    return [f"etc/debian/control: Build-Depends lacks {name}" for name in sorted(wanted - found)]


def install(build):
    """What is installed with the prefix /usr, from what is already built."""
    with tempfile.TemporaryDirectory(prefix="stook-install-") as folder:
        done = run("meson", "install", "-C", build, "--no-rebuild", "--destdir", folder)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
        files = {os.path.join(top, name)[len(folder):] for top, _, names in os.walk(folder) for name in names}
    files = {re.sub(r"/lib/[a-z0-9_]+-linux-gnu\w*/", "/lib64/", one) for one in files}
    return {re.sub(r"^/usr/local/etc/", "/etc/", one) if one.startswith("/usr/local/etc/") else
            re.sub(r"^/usr/local/", "/usr/", one) for one in files}


def main():
    build = os.path.abspath(sys.argv[1])
    programs = [os.path.join(build, name) for name in ("stook", "stookd", "sqlite3.so")]
    spec = read("etc/packages/stook.spec")
    installed = install(build)
    faults = check_versions(spec) + check_build_depends() + check_spec(spec, installed)
    faults += check_dockerfile(read("etc/container/Dockerfile"), programs)
    for fault in faults:
        print(fault)
    print(f"packages: {len(installed)} files installed, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
