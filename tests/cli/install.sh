#!/bin/sh
# cmake --install, and what a stranger does next: pkg-config and CMake consumers, man pages, completion, a Debian
# package.
. "$(dirname "$0")/tap.sh"
build=${WINNOW_BUILD:-}
[ -f "$build/cmake_install.cmake" ] || { skip "installation" "WINNOW_BUILD names no build folder"; finish; }
flags=${WINNOW_SANITIZE:+-fsanitize=$WINNOW_SANITIZE}
cc=${WINNOW_CC:-cc}
p=$work/prefix

cmake --install "$build" --prefix "$p" >"$out" 2>"$err"
is "$?" 0 "cmake --install"
pc=$(dirname "$(find "$p" -name winnow.pc)")
lib=$(dirname "$pc")
is "$(ls "$p/bin" | tr '\n' ' ')" "winnow winnow-get-minilm " "the program, and the one that fetches a model"
is "$("$p/bin/winnow-get-minilm" --help | wc -l)" 4 "which says what it does"
is "$("$p/bin/winnow" --version | head -1)" "$("$W" --version | head -1)" "it runs from there"
for f in libwinnow.a libwinnow.so libwinnow.so.0 pkgconfig/winnow.pc cmake/winnow/winnow-config.cmake; do
    [ -e "$lib/$f" ]
    ok $? "lib: $f"
done
[ "$(readlink "$lib/libwinnow.so")" = libwinnow.so.0 ]
ok $? "the library has a version"
missing=
for header in "$root"/*/include/winnow/*.h; do
    [ -f "$p/include/winnow/${header##*/}" ] || missing="$missing ${header##*/}"
done
is "$missing" "" "every public header"
missing=
for command in '' $("$W" --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'); do
    [ -s "$p/share/man/man1/winnow${command:+-$command}.1" ] || missing="$missing winnow${command:+-$command}.1"
done
is "$missing" "" "a man page for each command"
[ "$(ls "$p/share/man/man1" | wc -l)" -ge 10 ]
ok $? "there are ten and more"
[ -s "$p/share/bash-completion/completions/winnow" ] && bash -n "$p/share/bash-completion/completions/winnow"
ok $? "completion for Bash"
[ -s "$p/share/zsh/site-functions/_winnow" ] && [ -s "$p/share/fish/vendor_completions.d/winnow.fish" ]
ok $? "completion for zsh and fish"
[ -s "$p/share/doc/winnow/docs/formats.md" ]
ok $? "the documents"
grep -rlF "$root/" "$p/include" "$p/share" "$pc" "$lib/cmake" >"$out" 2>/dev/null
is "$(cat "$out")" "" "no path of the source tree in what was installed"

# ---- headers: each compiles alone, and what it declares is in the shared library ----
nm -D --defined-only "$lib/libwinnow.so" | awk '$3 ~ /^wn_/ { print $3 }' >exported
bad=
for header in "$p"/include/winnow/*.h; do
    names=$($cc -E -std=c11 -I"$p/include" "$header" | grep -owFf exported | sort -u)
    {
        echo "#include <winnow/${header##*/}>"
        echo "int main(void) {"
        echo "    const void *volatile used[] = {"
        for name in $names; do echo "        (const void *)&$name,"; done
        echo "        0};"
        echo "    return used[sizeof used / sizeof *used - 1] != 0;"
        echo "}"
    } >one.c
    $cc $flags -std=c11 -Wall -Wextra -Werror -Wno-cast-function-type -I"$p/include" one.c -L"$lib" -lwinnow \
        -o one 2>"$err" &&
        LD_LIBRARY_PATH=$lib ./one || bad="$bad ${header##*/}: $(head -3 "$err")"
done
is "$bad" "" "each header compiles alone, and its functions link with the shared library"

# the same for C++, where there is a compiler of it
if command -v c++ >/dev/null; then
    bad=
    for header in "$p"/include/winnow/*.h; do
        names=$($cc -E -std=c11 -I"$p/include" "$header" | grep -owFf exported | sort -u)
        {
            echo "#include <winnow/${header##*/}>"
            echo "int main() {"
            for name in $names; do echo "    if (!reinterpret_cast<const void *>(&$name)) return 1;"; done
            echo "}"
        } >one.cc
        c++ $flags -std=c++17 -Wall -Wextra -Wno-address -I"$p/include" one.cc -L"$lib" -lwinnow -o one 2>"$err" &&
            LD_LIBRARY_PATH=$lib ./one || bad="$bad ${header##*/}: $(head -3 "$err")"
    done
    is "$bad" "" "each header compiles as C++, and its functions link"
else
    skip "each header compiles as C++, and its functions link" "there is no c++"
fi
missing=
for header in "$p"/include/winnow/*.h; do
    name=${header##*/}
    [ "$name" = winnow.h ] || grep -q "<winnow/$name>" "$p/include/winnow/winnow.h" || missing="$missing $name"
done
is "$missing" "" "winnow/winnow.h includes them all"

# ---- a program of somebody else ----
cat >main.c <<'END'
#include <math.h>
#include <stdio.h>
#include <winnow/mem.h>
#include <winnow/select.h>
#include <winnow/similarity.h>

int main(void) {
    wn_err err = {0};
    wn_mat x;
    wn_selection s = {0};
    wn_select_opts o = {.objective = WN_FACILITY_LOCATION, .kernel = {.kind = WN_COSINE}, .lambda = NAN};
    if (wn_mat_init(&x, 6, 2, &err) != WN_OK) return 1;
    for (size_t i = 0; i < 6; i++) {
        wn_mat_row(&x, i)[0] = cosf((float)i);
        wn_mat_row(&x, i)[1] = sinf((float)i);
    }
    (void)wn_mat_normalize(&x);
    o.k = 3;
    wn_code code = wn_select(&x, &o, &s, &err);
    if (code != WN_OK) return (void)fprintf(stderr, "%s\n", err.msg), 1;
    printf("chosen %zu\n", s.k);
    wn_selection_free(&s);
    wn_mat_free(&x);
    return 0;
}
END
export PKG_CONFIG_PATH="$pc"
if command -v pkg-config >/dev/null; then
    is "$(pkg-config --modversion winnow)" "$("$W" --version | sed -n '1s/.* \([0-9][0-9.]*\).*/\1/p')" \
        "pkg-config knows the version"
    $cc $flags -std=c11 -D_GNU_SOURCE main.c $(pkg-config --cflags --libs winnow) -lm -o shared 2>"$err"
    is "$?$(cat "$err")" 0 "a program links with pkg-config"
    is "$(LD_LIBRARY_PATH=$lib ./shared 2>&1)" "chosen 3" "and runs with the shared library"
    is "$(PKG_CONFIG_LIBDIR=$pc pkg-config --libs winnow 2>&1 | grep -c -e '-lwinnow')" 1 \
        "no other package is asked for where it is linked"
    $cc $flags -Wall -Wextra -Werror "$root/examples/choose.c" $(pkg-config --cflags --libs winnow) -o choose 2>"$err"
    is "$?$(cat "$err")" 0 "the example is compiled"
    awk 'BEGIN { for (i = 0; i < 50; i++) printf "{\"text\":\"w%d w%d w%d\"}\n", i % 7, i % 3, i % 5 }' >texts.jsonl
    is "$(LD_LIBRARY_PATH=$lib ./choose texts.jsonl 4 2>&1 | awk '{ print $1, NF }' | tr '\n' ' ')" "1 3 2 3 3 3 4 3 " \
        "and runs"
    is "$(LD_LIBRARY_PATH=$lib ./choose none.jsonl 4 2>&1)" \
        "choose: cannot open none.jsonl: No such file or directory" "and says what is wrong"
    $cc $flags -std=c11 -D_GNU_SOURCE main.c $(pkg-config --cflags winnow) "$lib/libwinnow.a" \
        $(pkg-config --static --libs winnow | sed 's/-lwinnow//') -lm -o static 2>"$err"
    is "$?$(cat "$err")" 0 "a program links with the static library"
    is "$(./static 2>&1)" "chosen 3" "and runs"
else
    skip "a program with pkg-config" "pkg-config is not installed"
fi
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.22)
project(consumer C)
find_package(winnow REQUIRED)
add_executable(consumer main.c)
target_link_libraries(consumer PRIVATE winnow::winnow m)
END
CC=$cc cmake -G Ninja -S . -B b -DCMAKE_PREFIX_PATH="$p" -DCMAKE_C_FLAGS="$flags -D_GNU_SOURCE" \
    >"$out" 2>&1 && cmake --build b >>"$out" 2>&1
status=$?
is "$status" 0 "a program links with find_package(winnow)"
[ "$status" -eq 0 ] || tail -20 "$out" | note
is "$(LD_LIBRARY_PATH=$lib b/consumer 2>&1)" "chosen 3" "and runs"

# ---- a Debian package ----
if ! command -v dpkg-deb >/dev/null || ! command -v dpkg-shlibdeps >/dev/null; then
    skip "a Debian package" "dpkg-deb and dpkg-shlibdeps are wanted"
elif [ -n "$flags" ]; then
    skip "a Debian package" "of a sanitized build"
else
    mkdir package
    (cd "$build" && cpack -G DEB -B "$work/box/package") >"$out" 2>&1
    is "$?" 0 "cpack -G DEB"
    deb=$(find package -maxdepth 1 -name 'winnow_*.deb') dev=$(find package -maxdepth 1 -name 'winnow-dev_*.deb')
    dpkg-deb -f "$deb" >fields 2>"$err"
    is "$(sed -n 's/^Package: //p' fields)" winnow "it is called winnow"
    has fields "libhdf5" "it depends on HDF5"
    has fields "libc6" "and on the C library"
    is "$(grep '^Depends:' fields | grep -c -e -dev)" 0 "and on no headers"
    is "$(dpkg-deb -f "$dev" Package Depends)" "$(printf 'Package: winnow-dev\nDepends: winnow (= %s)' \
        "$(dpkg-deb -f "$deb" Version)")" "winnow-dev needs winnow alone"
    dpkg-deb -c "$deb" | awk '{ print $6 }' >names
    dpkg-deb -c "$dev" | awk '{ print $6 }' >names-dev
    for f in ./usr/bin/winnow ./usr/bin/winnow-get-minilm ./usr/share/man/man1/winnow-run.1 libwinnow.so.0 \
        ./usr/share/bash-completion/completions/winnow ./usr/share/zsh/site-functions/_winnow \
        ./usr/share/fish/vendor_completions.d/winnow.fish ./usr/share/doc/winnow/LICENSE \
        ./usr/share/doc/winnow/docs/formats.md; do
        has names "$f" "it holds $f"
    done
    for f in ./usr/include/winnow/winnow.h winnow.pc libwinnow.a libwinnow.so cmake/winnow/winnow-config.cmake \
        ./usr/share/doc/winnow-dev/examples/choose.c; do
        has names-dev "$f" "winnow-dev holds $f"
    done
    is "$(sort names names-dev | uniq -d | grep -v '/$')" "" "no file is in both"
    is "$(cat names names-dev | grep -v '^./usr/' | grep -v '^./$')" "" "and nothing outside /usr"
    dpkg-deb -x "$deb" tree
    is "$(tree/usr/bin/winnow --version | head -1)" "$("$W" --version | head -1)" "its program runs"
    dpkg-deb -x "$dev" tree
    pc=$(dirname "$(find tree -name winnow.pc)")
    is "$(realpath "$(PKG_CONFIG_PATH=$pc pkg-config --variable=includedir winnow)")" \
        "$(realpath tree/usr/include)" "the pkg-config file points into itself"
    $cc -Wall -Wextra -Werror "$root/examples/choose.c" $(PKG_CONFIG_LIBDIR=$pc pkg-config --cflags --libs winnow) \
        -o choose 2>"$err"
    is "$?$(cat "$err")" 0 "the example is compiled with the packages alone"
    is "$(LD_LIBRARY_PATH=${pc%/pkgconfig} ./choose texts.jsonl 4 2>&1 | wc -l)" 4 "and runs"
fi
finish
