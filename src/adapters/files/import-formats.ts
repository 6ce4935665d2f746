/**
 * The formats `weft ingest` reads without a map, as rows of canonical events (decisions.md, "Formats
 * that ship with ingest"). Each is a generator over a file's text; money is handled as decimal text
 * or exact integers, never summed as floating point.
 */
import type { JsonObject } from '../../domain/event.ts';
import { WeftError } from '../../errors.ts';
import { csvRows, type CsvRow } from './csv-rows.ts';
import { csvReader } from './csv-map-reader.ts';
import { readCsvMap } from './csv-map.ts';
import { linesOf, tooLong, type ImportedRow, type ImportFile } from './import-file.ts';

export const IMPORT_FORMATS = ['canonical', 'csv', 'rees46', 'online-retail', 'cdnow'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** How to read a file of this format; `csv` needs a map. */
export async function readerOf(
  format: ImportFormat,
  mapPath: string | undefined,
): Promise<(file: ImportFile) => AsyncIterable<ImportedRow>> {
  if (format === 'csv') {
    if (mapPath === undefined) {
      throw new WeftError('invalid_usage', '--format csv needs --map: which column is what');
    }
    return csvReader(await readCsvMap(mapPath));
  }
  return {
    canonical: readCanonical,
    rees46: readRees46,
    'online-retail': readOnlineRetail,
    cdnow: readCdnow,
  }[format];
}

/** NDJSON of what `POST /v1/events` takes. */
export async function* readCanonical(file: ImportFile): AsyncIterable<ImportedRow> {
  let row = 0;
  for await (const lines of linesOf(file.text('utf8'))) {
    for (const line of lines) {
      if (line.trim() === '') continue;
      yield tooLong(line, row) ?? canonicalRow(line, row);
      row += 1;
    }
  }
}

function canonicalRow(line: string, row: number): ImportedRow {
  let body: unknown;
  try {
    body = JSON.parse(line);
  } catch {
    return { kind: 'dead', row, reason: 'the line is not JSON', text: line };
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { kind: 'dead', row, reason: 'the line is no JSON object', text: line };
  }
  return { kind: 'event', row, body: body as JsonObject, text: line };
}

const REES46_TYPES: Readonly<Record<string, string>> = {
  view: 'product_viewed',
  cart: 'cart_added',
  remove_from_cart: 'cart_removed',
  purchase: 'order_paid',
};

/** REES46 clickstream: times UTC, `user_id` → uid, `user_session` → cart. */
export async function* readRees46(file: ImportFile): AsyncIterable<ImportedRow> {
  let row = 0;
  for await (const lines of csvRows(file.text('utf8'))) {
    for (const line of lines) {
      yield rees46Row(line, row, `${file.digest}:${row}`);
      row += 1;
    }
  }
}

function rees46Row(line: CsvRow, row: number, id: string): ImportedRow {
  const type = REES46_TYPES[line['event_type'] ?? ''];
  const at = Date.parse((line['event_time'] ?? '').replace(' UTC', 'Z').replace(' ', 'T'));
  return type === undefined || Number.isNaN(at)
    ? { kind: 'dead', row, reason: 'unknown event_type or event_time', text: JSON.stringify(line) }
    : { kind: 'event', row, body: rees46Body(line, type, at, id) };
}

function rees46Body(line: CsvRow, type: string, at: number, id: string): JsonObject {
  const price = line['price'] ?? '0';
  const category = line['category_code'];
  const brand = line['brand'];
  const session = line['user_session'] ?? '';
  return {
    id,
    source: 'app',
    type,
    at,
    identifiers: [{ type: 'uid', value: line['user_id'] ?? '' }],
    items: [
      {
        sku: line['product_id'] ?? '',
        quantity: 1,
        price,
        ...(category ? { category: category.replaceAll('.', '/') } : {}),
        ...(brand ? { brand } : {}),
      },
    ],
    channel: 'web',
    ...(session === '' ? {} : { cart: { id: session } }),
    ...(type === 'order_paid' ? { order: { id, total: price, currency: 'USD' } } : {}),
  };
}

interface Invoice {
  readonly number: string;
  readonly customer: string;
  readonly at: number;
  readonly country: string;
  /** Ten-thousandths of the unit, exact. */
  total: number;
  readonly items: JsonObject[];
}

/**
 * UCI Online Retail: an order is an InvoiceNo over the whole file, at its first line's time; `C…`
 * invoices are refunds that name no order. The file has to be held, as invoices are not adjacent.
 */
export async function* readOnlineRetail(file: ImportFile): AsyncIterable<ImportedRow> {
  const invoices = new Map<string, Invoice>();
  for await (const lines of csvRows(file.text('utf8'))) {
    for (const line of lines) {
      const skipped = addToInvoice(invoices, line);
      if (skipped !== null) yield { kind: 'skipped', reason: skipped };
    }
  }
  let row = 0;
  for (const invoice of [...invoices.values()].toSorted((a, b) => a.at - b.at)) {
    yield {
      kind: 'event',
      row,
      body: invoiceBody(invoice, `${file.digest}:${row}`),
    };
    row += 1;
  }
}

/** Answers why a line does not count; null: it does. */
function addToInvoice(invoices: Map<string, Invoice>, line: CsvRow): string | null {
  const number = line['InvoiceNo'] ?? '';
  const customer = (line['CustomerID'] ?? '').replace(/\.0$/, '');
  const price = tenThousandths(line['UnitPrice'] ?? '');
  const quantity = Number(line['Quantity']);
  const at = Date.parse(`${(line['InvoiceDate'] ?? '').replace(' ', 'T')}Z`);
  if (customer === '') return 'no customer';
  if (price === null || price <= 0) return 'price not above zero';
  if (!Number.isInteger(quantity) || Number.isNaN(at)) return 'not a line';
  const isRefund = number.startsWith('C');
  if (quantity <= 0 && !isRefund) return 'quantity not above zero';
  let invoice = invoices.get(number);
  if (!invoice) {
    const country = line['Country'] ?? '';
    invoices.set(number, (invoice = { number, customer, at, country, total: 0, items: [] }));
  }
  invoice.total += Math.abs(quantity) * price;
  invoice.items.push({
    sku: line['StockCode'] ?? '',
    name: (line['Description'] ?? '').trim(),
    quantity: Math.abs(quantity),
    price: line['UnitPrice'] ?? '0',
  });
  return null;
}

function invoiceBody(invoice: Invoice, id: string): JsonObject {
  const isRefund = invoice.number.startsWith('C');
  return {
    id,
    source: 'order',
    type: isRefund ? 'order_refunded' : 'order_paid',
    at: invoice.at,
    identifiers: [{ type: 'member', value: invoice.customer }],
    order: { id: invoice.number, total: decimal(invoice.total), currency: 'GBP' },
    items: invoice.items,
    channel: 'web',
    properties: { country: invoice.country },
  };
}

/** CDNOW: one order a line: customer, day, number of CDs, dollars. The sample has one column more. */
export async function* readCdnow(file: ImportFile): AsyncIterable<ImportedRow> {
  let row = 0;
  for await (const lines of linesOf(file.text('utf8'))) {
    for (const line of lines) {
      if (line.trim() === '') continue;
      const read = tooLong(line, row) ?? cdnowRow(line, row, `${file.digest}:${row}`);
      if (read.kind !== 'skipped') row += 1;
      yield read;
    }
  }
}

function cdnowRow(line: string, row: number, id: string): ImportedRow {
  const fields = line.trim().split(/\s+/);
  const dayAt = fields.findIndex((each, i) => i > 0 && /^(19|20)\d{6}$/.test(each));
  if (dayAt < 0) return { kind: 'skipped', reason: 'not a line of orders' };
  const day = fields[dayAt] ?? '';
  const at = Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6)));
  const body = {
    id,
    source: 'order',
    type: 'order_paid',
    at,
    identifiers: [{ type: 'member', value: fields[0] ?? '' }],
    order: { id, total: fields[dayAt + 2] ?? '0', currency: 'USD' },
    items: [],
    channel: 'web',
    properties: { cds: Number(fields[dayAt + 1]) },
  };
  return { kind: 'event', row, body };
}

/** `2.55` → 25500; null when it is no decimal of at most four places. */
function tenThousandths(text: string): number | null {
  const match = /^(-?)(\d{1,11})(?:\.(\d{1,4}))?$/.exec(text.trim());
  if (!match) return null;
  const value = Number(match[2]) * 10_000 + Number((match[3] ?? '').padEnd(4, '0'));
  return match[1] === '-' ? -value : value;
}

const decimal = (value: number): string =>
  `${Math.floor(value / 10_000)}.${String(value % 10_000).padStart(4, '0')}`;
