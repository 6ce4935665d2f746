/**
 * What a map says, once it has been read: which column of a table is what. Names of columns are not
 * looked up yet; every one knows its line in the map, for the message when a file does not have it.
 */
export interface CsvMap {
  /** How messages call it. */
  readonly file: string;
  readonly encoding: string;
  readonly delimiter: string;
  /** The decimal mark of numbers. */
  readonly decimal: '.' | ',';
  /** Cells that mean nothing, besides the empty one. */
  readonly empty: ReadonlySet<string>;
  /** Hold the whole file: events come out in order of time, rows of an order may lie anywhere. */
  readonly isHeld: boolean;
  readonly type: CsvText;
  readonly source: CsvText;
  readonly at: CsvTime;
  /** null: from the file's digest and the row. */
  readonly id: CsvText | null;
  readonly identifiers: readonly CsvIdentifier[];
  readonly order: CsvOrder | null;
  readonly items: CsvItems;
  readonly texts: readonly CsvNamedText[];
  readonly properties: readonly CsvProperty[];
  readonly skip: readonly CsvSkip[];
  /** Negative rows are what came back; false: they are dead letters. */
  readonly hasRefunds: boolean;
}

export interface CsvColumn {
  readonly name: string;
  /** Of the map. */
  readonly line: number;
}

export interface CsvFixed {
  readonly kind: 'fixed';
  readonly value: string;
}

export interface CsvColumns {
  readonly kind: 'columns';
  readonly columns: readonly CsvColumn[];
  /** Between the columns; null: the first of them that is filled counts. */
  readonly joiner: string | null;
  readonly prefix: string;
  /** What cells stand for; null: for themselves. */
  readonly values: ReadonlyMap<string, string> | null;
}

export type CsvText = CsvFixed | CsvColumns;

export interface CsvTime {
  readonly text: CsvColumns;
  readonly format: string;
  /** IANA, or a fixed offset; null: every time has its own. */
  readonly zone: string | null;
  readonly locale: string;
}

export interface CsvIdentifier {
  readonly type: string;
  readonly value: CsvColumns;
  readonly scope: CsvText | null;
  readonly isVerified: boolean;
}

export type MoneyUnit = 'yuan' | 'fen';

/** An amount that each row of an order repeats, or one that its rows add up to. */
export interface CsvAmount {
  readonly text: CsvColumns;
  readonly isSum: boolean;
}

export interface CsvOrder {
  readonly id: CsvColumns | null;
  readonly total: CsvAmount | null;
  readonly discount: CsvAmount | null;
  readonly coupons: CsvColumns | null;
  readonly currency: CsvText | null;
  readonly unit: MoneyUnit;
}

export interface CsvItem {
  readonly sku: CsvColumns;
  readonly texts: readonly CsvNamedText[];
  readonly quantity: CsvColumns | null;
  readonly price: CsvColumns | null;
  /** Of all pieces of the row: the price is this divided by the quantity. */
  readonly amount: CsvColumns | null;
}

export interface CsvItems {
  /**
   * `rows`: an item is a row, and rows with the same key are one event; without a key each row is one.
   * `columns`: a row is an event and holds several items; those without SKU are not there.
   */
  readonly kind: 'none' | 'rows' | 'columns';
  readonly key: CsvColumns | null;
  readonly list: readonly CsvItem[];
  readonly unit: MoneyUnit;
}

export interface CsvNamedText {
  readonly name: string;
  readonly text: CsvText;
}

export interface CsvProperty {
  readonly name: string;
  readonly text: CsvText;
  readonly isNumber: boolean;
}

export interface CsvSkip {
  readonly column: CsvColumn;
  /** Skip where the column is empty (true), filled (false), or one (not one) of `cells` (null). */
  readonly isEmpty: boolean | null;
  readonly cells: ReadonlySet<string>;
  readonly isNegated: boolean;
  readonly reason: string;
}
