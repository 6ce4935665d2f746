-- R, F, M of every customer, straight from the raw file. An order is an InvoiceNo over the whole file, at the time of
-- its first line; lines without a customer or a price, and lines of other than C invoices without a quantity, do not
-- count. C invoices are refunds: with {refunds:UInt8} they subtract from M. Money is exact (prices have at most four
-- decimals) and rounded to fen once an invoice.
SELECT
    customer,
    if(countIf(NOT is_refund) = 0, NULL, intDiv({now:Int64} - maxIf(at, NOT is_refund), 86400)) AS recency,
    countIf(NOT is_refund) AS frequency,
    sumIf(fen, NOT is_refund) - if({refunds:UInt8} = 1, sumIf(fen, is_refund), 0) AS monetary
FROM
(
    SELECT
        invoice,
        startsWith(invoice, 'C') AS is_refund,
        argMin(customer_of_line, line) AS customer,
        argMin(moment, line) AS at,
        intDiv(sum(abs(quantity) * price) + 50, 100) AS fen
    FROM
    (
        SELECT
            rowNumberInAllBlocks() AS line,
            InvoiceNo AS invoice,
            replaceRegexpOne(CustomerID, '\\.0$', '') AS customer_of_line,
            toUnixTimestamp(toDateTime(InvoiceDate, 'UTC')) AS moment,
            Quantity AS quantity,
            toInt64(toDecimal64(UnitPrice, 4) * 10000) AS price
        FROM file(
            {raw:String},
            'CSVWithNames',
            'InvoiceNo String, StockCode String, Description String, Quantity Int64, InvoiceDate String, UnitPrice String, CustomerID String, Country String'
        )
    )
    WHERE customer_of_line != '' AND price > 0 AND (quantity > 0 OR startsWith(invoice, 'C'))
    GROUP BY invoice
)
GROUP BY customer
ORDER BY customer
SETTINGS max_threads = 1
