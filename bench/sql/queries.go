package main

// A query is one that both engines understand, with one answer: sums are of whole
// numbers, and orders are total.
type query struct{ name, text string }

var queries = []query{
	{"pricing", `
SELECT flag, status, count(*) AS items, sum(quantity) AS quantity, sum(price) AS base,
       sum(price * (100 - discount)) AS discounted, avg(quantity) AS mean_quantity, avg(discount) AS mean_discount
FROM lines
WHERE shipped <= '1998-09-02'
GROUP BY flag, status
ORDER BY flag, status`},
	{"shipping", `
SELECT l.id, o.ordered, o.priority, sum(l.price * (100 - l.discount)) AS revenue
FROM customers c JOIN orders o ON o.customer = c.customer JOIN lines l ON l.id = o.id
WHERE c.segment = 'BUILDING' AND o.ordered < '1995-03-15' AND l.shipped > '1995-03-15'
GROUP BY l.id, o.ordered, o.priority
ORDER BY revenue DESC, o.ordered
LIMIT 100`},
	{"nations", `
SELECT c.nation, count(*) AS items, count(DISTINCT o.customer) AS buyers, sum(l.price * (100 - l.discount)) AS revenue
FROM lines l JOIN orders o USING (id) JOIN customers c USING (customer)
GROUP BY c.nation
ORDER BY revenue DESC`},
	{"large", `
SELECT c.customer, o.id, o.ordered, sum(l.quantity) AS quantity
FROM customers c JOIN orders o USING (customer) JOIN lines l ON l.id = o.id
WHERE o.id IN (SELECT id FROM lines GROUP BY id HAVING sum(quantity) > 150)
GROUP BY c.customer, o.id, o.ordered
ORDER BY quantity DESC, o.ordered`},
	{"joined", `
SELECT l.*, o.ordered, o.priority, c.segment, c.nation
FROM lines l LEFT JOIN orders o ON o.id = l.id AND o.priority <> '5-LOW' LEFT JOIN customers c ON c.customer = o.customer
ORDER BY l.id, l.number`},
	{"running", `
SELECT o.customer, l.id, l.number, l.price,
       row_number() OVER w AS nth, sum(l.price) OVER w AS so_far, lag(l.quantity) OVER w AS before,
       l.price - max(l.price) OVER (PARTITION BY o.customer) AS below
FROM lines l JOIN orders o USING (id)
WINDOW w AS (PARTITION BY o.customer ORDER BY o.ordered, l.id, l.number)
ORDER BY o.customer, nth`},
	{"best", `
WITH ranked AS (
  SELECT c.nation, o.customer, sum(l.price) AS spent, rank() OVER (PARTITION BY c.nation ORDER BY sum(l.price) DESC) AS place
  FROM lines l JOIN orders o USING (id) JOIN customers c USING (customer)
  GROUP BY c.nation, o.customer
)
SELECT nation, place, customer, spent FROM ranked WHERE place <= 10`},
	{"filtered", "SELECT id, number, price, comment FROM lines WHERE discount = 7 AND quantity < 24"},
}
