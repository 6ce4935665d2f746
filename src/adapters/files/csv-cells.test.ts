import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvCells, type Cells } from './csv-cells.ts';

async function read(pieces: readonly string[], delimiter = ','): Promise<Cells[]> {
  const rows: Cells[] = [];
  const text = async function* (): AsyncIterable<string> {
    for (const piece of pieces) yield await Promise.resolve(piece);
  };
  for await (const batch of csvCells(text(), delimiter)) rows.push(...batch);
  return rows;
}

describe('the cells of a table', () => {
  it.each([
    ['ends of line of Unix and Windows', 'a,b\nc,d\r\ne,f', ['a,b', 'c,d', 'e,f']],
    ['those of an old Macintosh', 'a,b\rc,d\r', ['a,b', 'c,d']],
    ['a last row without end', 'a,b\n"c",d', ['a,b', 'c,d']],
    ['blank rows left out, also of delimiters only', 'a,b\n\n , \n\r\nc,d\n', ['a,b', 'c,d']],
    ['empty cells', ',a,,\n', [',a,,']],
  ])('are read with %s', async (_, text, rows) => {
    expect((await read([text])).map((cells) => cells.join(','))).toEqual(rows);
  });

  it('may be quoted, with delimiters, lines and doubled quotes inside', async () => {
    expect(await read(['"a,b","c\r\nd","say ""hi""",""\r\nx,"y"\n'])).toEqual([
      ['a,b', 'c\r\nd', 'say "hi"', ''],
      ['x', 'y'],
    ]);
  });

  it('hold a quote as text where it does not enclose the whole cell', async () => {
    const text = '12" screen,"soft" toy,"never closed\nnext,"row",3\n';
    expect(await read([text])).toEqual([
      ['12" screen', '"soft" toy', '"never closed'],
      ['next', 'row', '3'],
    ]);
  });

  it('lose no more than a cell to a quote that nothing closes', async () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => `row ${i},some text`);
    const read2 = await read([`"open,x\n`, rows.join('\n')]);
    expect(read2).toHaveLength(60_001);
    expect(read2[0]).toEqual(['"open', 'x']);
  });

  it('are parted by more than one character where a file does so', async () => {
    expect(await read(['a||b||"c||d"\n'], '||')).toEqual([['a', 'b', 'c||d']]);
  });

  const cell = fc.string({ unit: fc.constantFrom('a', '中', '"', ',', '\n', '\r\n', ' ', '\t') });
  const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 8 });

  it('come back as they were written, however the text is cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.array(fc.nat(12)), async (rows, cuts) => {
        const text = rows.map((cells) => `${cells.map(quoted).join(',')}\n`).join('');
        const kept = rows.filter((cells) => cells.some((each) => each.trim() !== ''));
        expect(await read(piecesOf(text, cuts))).toEqual(kept);
      }),
    );
  });

  it('are the same for any text, however it is cut', async () => {
    const any = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ') });
    await fc.assert(
      fc.asyncProperty(any, fc.array(fc.nat(5)), async (text, cuts) => {
        expect(await read(piecesOf(text, cuts))).toEqual(await read([text]));
      }),
    );
  });
});

const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;

/** Cut after so many characters, again and again. */
function piecesOf(text: string, cuts: readonly number[]): readonly string[] {
  const pieces: string[] = [];
  let rest = text;
  for (const cut of cuts) {
    pieces.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  return [...pieces, rest];
}
