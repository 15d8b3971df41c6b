import ByteReading
import GuestFormats
import Testing

private struct Recording: CustomTestStringConvertible {
    let name: String
    let script: String
    let printed: String
    var testDescription: String { name }

    init(_ name: String, _ script: String, _ printed: String) {
        self.name = name
        self.script = script
        self.printed = printed
    }
}

/// Scripts and what GRUB 2.06 prints for them; recorded from Debian's `grub-emu`.
private let recorded: [Recording] = [
    Recording(
        "quotes",
        #"""
        x='a  b'
        echo [$x] ["$x"] ['$x'] [${x}y] z$x
        echo "q\"q" "d\$x" "b\\b" "n\n" 'it'"'"'s' a\ b c\\d
        echo a"b c"d'e f'g
        """#,
        #"""
        [a b] [a  b] [$x] [a by] za b
        q"q d$x b\b n\n it's a b c\d
        ab cde fg
        """#
    ),
    Recording(
        "empty words",
        #"""
        e=
        echo $e a "" b "$e" c $e$e d x$e
        set f
        echo 1$nothing 2${nothing} 3

        """#,
        #"""
        a  b  c d x
        1 2 3
        """#
    ),
    Recording(
        "status",
        #"""
        true
        echo $?
        false
        echo $?
        ! true
        echo $?
        ! false
        echo $?
        nosuch
        echo $?
        [ a = b ]
        echo $?
        """#,
        #"""
        0
        1
        1
        0
        0
        1
        """#
    ),
    Recording(
        "unknown is true",
        #"""
        if nosuch; then echo yes; else echo no; fi
        if ! nosuch; then echo yes; else echo no; fi
        while nosuch; do echo once; break; done
        """#,
        #"""
        yes
        yes
        once
        """#
    ),
    Recording(
        "test",
        #"""
        for e in "a = a" "a == b" "a != b" "3 -lt 12" "0x10 -eq 16" "-1 -lt 0" "v2 -plt v11" "-n x" "-z x" "a < b" "b < a" "x -a -z x" "x -o -z x" "! x" "! -z x" "( x )" "( -z x ) -o ( x )" "x ] y" "010 -eq 8" ; do
        if [ $e ]; then echo "$e: true"; else echo "$e: false"; fi
        done
        if [ "" ]; then echo t; else echo f; fi
        if [ ]; then echo t; else echo f; fi
        if [ x"$u" = xy ]; then echo t; else echo f; fi
        if [ $u = y ]; then echo t; else echo f; fi
        if [ "$u" = "" -a "a" ]; then echo t; else echo f; fi
        """#,
        #"""
        a = a: true
        a == b: false
        a != b: true
        3 -lt 12: true
        0x10 -eq 16: true
        -1 -lt 0: true
        v2 -plt v11: true
        -n x: true
        -z x: false
        a < b: true
        b < a: false
        x -a -z x: false
        x -o -z x: true
        ! x: false
        ! -z x: true
        ( x ): true
        ( -z x ) -o ( x ): true
        x ] y: true
        010 -eq 8: true
        f
        t
        f
        t
        t
        """#
    ),
    Recording(
        "functions",
        #"""
        function f { echo "f $# [$1] [$2] [$*] [$@]"; }
        f
        f a
        f "a b" c
        function g { for x in $@; do echo $x; done; for x in "$@"; do echo "<$x>"; done; }
        g "a b" c
        function h { shift; echo $1; return 3; echo never; }
        h 1 2
        echo $?
        function r { if [ $1 = 1 ]; then return; fi; echo past; }
        r 1
        r 2
        function v { z=inner; }
        z=outer
        v
        echo $z
        """#,
        #"""
        f 0 [] [] [] []
        f 1 [a] [] [a] [a]
        f 2 [a b] [c] [a b c] [a b c]
        a
        b
        c
        <a b>
        <c>
        2
        3
        past
        inner
        """#
    ),
    Recording(
        "loops",
        #"""
        for i in 1 2 3; do if [ $i = 2 ]; then continue; fi; echo $i; done
        for i in 1 2 3; do for j in a b; do if [ $j = b ]; then break 2; fi; echo $i$j; done; done
        n=x
        while [ $n != xxxx ]; do n=x$n; echo $n; done
        until [ $n = xxxx ]; do echo never; done
        for i in; do echo never; done
        for i in a; do echo $i; done; echo $i
        """#,
        #"""
        1
        3
        1a
        xx
        xxx
        xxxx
        a
        a
        """#
    ),
    Recording(
        "assignment",
        #"""
        a=1 b=2
        echo "$a$b"
        set c="x y"
        echo $c
        set d = e
        echo [$d]
        1x=5
        echo [$1x]
        k=v=w
        echo $k
        set root=(hd9,1)
        echo $root
        unset a
        echo [$a]
        name=b; eval "set ${name}=evaluated"; echo $b
        """#,
        #"""
        1
        x y
        []
        [x]
        v=w
        hd9,1
        []
        evaluated
        """#
    ),
    Recording(
        "continuation",
        #"""
        echo a \
          b
        echo "c
        d"
        set x='one
        # not a comment?
        two'
        echo "$x"
        echo e\
        f
        """#,
        #"""
        a b
        c
        d
        one
        two
        ef
        """#
    ),
    Recording(
        "syntax errors",
        #"""
        echo start
        if true; then
        fi
        echo after empty if
        echo a && echo b
        echo c | echo d
        menuentry broken {
        }
        echo after empty block
        if true; then echo x fi
        echo lost
        fi
        echo found
        }
        echo brace
        echo $( 
        echo dollar
        echo end
        """#,
        #"""
        start
        after empty if
        after empty block
        x fi
        lost
        found
        brace
        dollar
        end
        """#
    ),
    Recording(
        "semicolons",
        #"""
        echo a; echo b
        if true
        then
        echo c
        fi;
        if false; then echo d; elif true; then echo e; else echo f; fi
        if true; then echo g;fi
        """#,
        #"""
        a
        b
        c
        e
        g
        """#
    ),
    Recording(
        "reserved words",
        #"""
        echo if then else fi for in do done while until function case esac select elif
        for in in in; do echo $in; done
        echo done
        """#,
        #"""
        if then else fi for in do done while until function case esac select elif
        done
        """#
    ),
    Recording(
        "comments",
        #"""
        echo a # comment
        echo b#c
           # indented
        echo 'd # e' # f
        echo "#"
        """#,
        #"""
        a
        b#c
        d # e
        #
        """#
    ),
    Recording(
        "context",
        #"""
        hidden=1
        shown=2
        export shown
        function fn { echo "fn $hidden $shown"; }
        submenu s { 
         echo "in [$hidden] [$shown] [$default]"
         hidden=3
         shown=4
         fn
         menuentry x { echo "x [$hidden] [$shown] [$chosen] [$1]"; echo "@@END"; sleep 9 }
        }
        set default="0>0"
        set timeout=0
        """#,
        #"""
        in [] [2] [0]
        fn 3 4
        x [3] [4] [s>x] [x]
        """#
    ),
    Recording(
        "chosen",
        #"""
        submenu 'S > T' --id st {
         menuentry 'X' --id xx a1 a2 { echo "[$chosen] [$1] [$2] [$3] [$#]"; echo "@@END"; sleep 9 }
        }
        set default=0
        set timeout=0
        """#,
        #"""
        [st>xx] [X] [a1] [a2] [3]
        """#
    ),
    Recording(
        "fallback",
        #"""
        menuentry a { echo A; linux /none }
        menuentry b { echo B }
        menuentry c { echo C; echo "@@END"; sleep 9 }
        set fallback="1 2"
        set timeout=0
        """#,
        #"""
        A
        B
        C
        """#
    ),
    Recording(
        "escapes",
        #"""
        echo a\"b a\'b a\$b "a\qb" 'a\b' \\ \a
        x="a\\b"
        echo $x "$x"
        """#,
        #"""
        a"b a'b a$b a\qb a\b \ a
        a\b a\b
        """#
    ),
    Recording(
        "quoted variable in word",
        #"""
        x="1 2"
        for w in a${x}b "a${x}b" $x"$x"; do echo "<$w>"; done
        """#,
        #"""
        <a1>
        <2b>
        <a1 2b>
        <1>
        <21 2>
        """#
    ),
    Recording(
        "nested ifs",
        #"""
        if [ x$a = x ]; then if [ y = y ]; then echo 1; else echo 2; fi; else echo 3; fi
        if true; false; then echo t; else echo f; fi
        if false; true; then echo t; else echo f; fi
        """#,
        #"""
        1
        f
        t
        """#
    ),
]

@Suite struct GrubScriptTests {
    @Test(arguments: recorded) fileprivate func printsWhatGrubPrints(recording: Recording) {
        let result = run(MemoryGrubHost(configuration: recording.script + "\n"))
        let lines = result.printed.filter { $0 != "@@END" }.joined(separator: "\n")
        #expect(lines == recording.printed)
    }
}
