# SPDX-License-Identifier: GPL-2.0-or-later
"""
Completion for bash. Options, keys and enumerated values are known from the schema; the names
of machines, devices and the like are asked of the program itself ("-device help").
"""

from .schema import BuiltinType, EnumType

SCRIPT = '''\
# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for rhea: generated from the schema, do not edit.

_rhea()
{
    local program=$1 line=${COMP_LINE:0:COMP_POINT} cur prev keys= values= files= help=
    local last stem key known
    # Words by blanks alone: the shell's own would end at '=' and ':'.
    cur=${line##* }
    line=${line%"$cur"}
    line=${line%"${line##*[! ]}"}
    prev=${line##* }
    COMPREPLY=()
    case ${prev/#--/-} in
@CASES@    *)
        if [[ $cur == -* ]]; then
            COMPREPLY=($(compgen -W "@OPTIONS@" -- "$cur"))
        fi
        return ;;
    esac
    last=${cur##*,}
    stem=${cur%"$last"}
    if [[ -n $help && -z $stem ]]; then
        # The first word of each line of the list.
        known=$("$program" "$prev" help 2>/dev/null | awk 'NR > 1 { print $1 }')
        COMPREPLY=($(compgen -W "$known help" -- "$cur"))
    elif [[ $last == *=* ]]; then
        key=${last%%=*}
        for known in $values; do
            if [[ $known == "$key="* ]]; then
                known=${known#*=}
                COMPREPLY=($(compgen -P "$stem$key=" -W "${known//|/ }" -- "${last#*=}"))
            fi
        done
    elif [[ -n $keys ]]; then
        COMPREPLY=($(compgen -P "$stem" -W "$keys" -- "$last"))
        compopt -o nospace 2>/dev/null
    elif [[ -n $files ]]; then
        compopt -o default 2>/dev/null
    fi
    # The shell replaces only what follows the last '='.
    if [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*=}"}"}")
    fi
}
complete -F _rhea rhea @PROGRAMS@
'''


def enum_words(t):
    if isinstance(t, EnumType):
        return [v.name for v in t.values]
    return ['on', 'off'] if isinstance(t, BuiltinType) and t.name == 'bool' else []


def emit(schema, out):
    names, cases = [], ''
    for o in schema.options:
        mine = ['-' + n for n in (o.name, o.alias) if n]
        names += mine
        if o.kind == 'none':
            continue
        action = ''
        if o.type:
            members = o.type.members()
            keys = ' '.join(m.name + '=' for m in members)
            values = ''.join(f' {m.name}={"|".join(enum_words(m.type))}' for m in members
                             if enum_words(m.type))
            action = f' keys="{keys}"' + (f' values="{values.strip()}"' if values else '')
        elif o.help:
            action = ' help=1'
        elif o.syntax.startswith(('file', 'folder')):
            action = ' files=1'
        cases += f'    {"|".join(mine)}){action} ;;\n'
    targets = schema.types.get('SysEmuTarget')
    programs = ' '.join(f'rhea-system-{v.name}' for v in targets.values) if targets else ''
    text = SCRIPT.replace('@CASES@', cases).replace('@OPTIONS@', ' '.join(names))
    out.files['rhea.bash'] = text.replace('@PROGRAMS@', programs)
