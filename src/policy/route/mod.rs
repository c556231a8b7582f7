//! Stage *route*: do we know this path, and this method on it?
//!
//! A trie over segments. At each one a literal wins over a typed parameter, that over an untyped one,
//! that over the rest, with backtracking; the method is looked at last. Routes are not secret: 404 and
//! 405 come before 401.

mod template;

pub use template::{MAX_PARAMETERS, Segment, SegmentKind, Template, TemplateFault, canonical_integer};

use std::borrow::Cow;
use std::hash::BuildHasher;
use std::num::NonZeroU32;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::rejection::Rejection;
use super::target::percent_decode;

/// Finds the endpoint of a path and method.
///
/// The trie lies flat: small nodes side by side, all literal edges in one hash table, their texts in one
/// string. Paths that are drawn evenly over ten thousand endpoints find it in the cache.
#[derive(Debug)]
pub struct Routes {
    nodes: Vec<Node>,
    literals: HashTable<Edge>,
    texts: String,
    hasher: DefaultHashBuilder,
    /// Every method that some endpoint has; a request's is looked for once.
    methods: Vec<String>,
    bindings: Vec<Binding>,
    /// The template that led to each binding, to compare with the next one.
    templates: Vec<String>,
}

/// What stands behind the same segments, apart from literals. No child is the root, so 0 is none.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// By `SegmentKind`: typed before untyped.
    parameters: [Option<NonZeroU32>; 3],
    rest: Option<NonZeroU32>,
    /// The path that ends here: one more than the first of its bindings.
    end: Option<NonZeroU32>,
}

/// From a node by a literal to the next.
#[derive(Clone, Copy, Debug)]
struct Edge {
    parent: u32,
    child: NonZeroU32,
    from: u32,
    length: u32,
}

/// A method of a path.
#[derive(Clone, Copy, Debug)]
struct Binding {
    method: u32,
    endpoint: u32,
    /// One more than the path's next binding.
    next: Option<NonZeroU32>,
}

/// Two endpoints that no request could tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteConflict {
    /// Index of the endpoint that stood there first.
    pub first: usize,
}

/// The endpoint that was found, and what its parameters matched.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Index of the endpoint.
    pub endpoint: usize,
    captures: Captures,
}

/// Where the parameters matched, in the order of the template: offset and length in the path.
#[derive(Clone, Copy, Debug, Default)]
struct Captures {
    ranges: [(u32, u32); MAX_PARAMETERS],
    count: usize,
}

impl Default for Routes {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
            literals: HashTable::new(),
            texts: String::new(),
            hasher: DefaultHashBuilder::default(),
            methods: Vec::new(),
            bindings: Vec::new(),
            templates: Vec::new(),
        }
    }
}

impl Routes {
    /// Adds an endpoint; refuses one whose template equals another's but for names, or whose path and
    /// method are taken.
    pub fn insert(&mut self, template: &Template, method: &str, endpoint: usize) -> Result<(), RouteConflict> {
        let mut at = 0;
        for segment in &template.segments {
            at = self.child(at, segment);
        }
        let method = self.method(method);
        let clashes =
            |(index, binding): &(usize, Binding)| self.templates[*index] != template.text || binding.method == method;
        // The newest comes first, so the last is the one that stood there first.
        if let Some((_, binding)) = self.bindings_at(at).filter(clashes).last() {
            return Err(RouteConflict { first: binding.endpoint as usize });
        }
        let end = &mut self.nodes[at].end;
        self.bindings.push(Binding { method, endpoint: small(endpoint), next: *end });
        *end = NonZeroU32::new(small(self.bindings.len()));
        self.templates.push(template.text.clone());
        Ok(())
    }

    fn method(&mut self, name: &str) -> u32 {
        let known = self.methods.iter().position(|known| known == name);
        small(known.unwrap_or_else(|| {
            self.methods.push(name.to_owned());
            self.methods.len() - 1
        }))
    }

    fn child(&mut self, at: usize, segment: &Segment) -> usize {
        let fresh = NonZeroU32::new(small(self.nodes.len())).expect("the root is there, so this is no 0");
        let child = match segment {
            Segment::Literal(text) => self.literal(at, text).unwrap_or_else(|| {
                let edge =
                    Edge { parent: small(at), child: fresh, from: small(self.texts.len()), length: small(text.len()) };
                self.texts.push_str(text);
                let (texts, hasher) = (&self.texts, &self.hasher);
                let hash = |edge: &Edge| hasher.hash_one((edge.parent, edge.text(texts)));
                self.literals.insert_unique(hash(&edge), edge, hash);
                fresh
            }),
            Segment::Parameter { kind, .. } => *self.nodes[at].parameters[*kind as usize].get_or_insert(fresh),
            Segment::Rest { .. } => *self.nodes[at].rest.get_or_insert(fresh),
        };
        if child == fresh {
            self.nodes.push(Node::default());
        }
        child.get() as usize
    }

    /// Where a literal leads.
    fn literal(&self, at: usize, segment: &str) -> Option<NonZeroU32> {
        let parent = small(at);
        let hash = self.hasher.hash_one((parent, segment));
        let same = |edge: &Edge| edge.parent == parent && edge.text(&self.texts) == segment;
        self.literals.find(hash, same).map(|edge| edge.child)
    }

    /// The methods of the path that ends at a node, with their indices.
    fn bindings_at(&self, at: usize) -> impl Iterator<Item = (usize, Binding)> {
        let mut next = self.nodes[at].end;
        std::iter::from_fn(move || {
            let index = next?.get() as usize - 1;
            next = self.bindings[index].next;
            Some((index, self.bindings[index]))
        })
    }

    /// Finds the endpoint of a normal path, which begins with a slash, and a method.
    pub fn find(&self, path: &str, method: &str) -> Result<Route, Rejection> {
        let mut captures = Captures::default();
        let end = self.walk(0, path, Some(1), &mut captures).ok_or(Rejection::UnknownPath)?;
        let of = |wanted: &str| {
            let method = self.methods.iter().position(|known| known == wanted)?;
            self.bindings_at(end)
                .find(|(_, binding)| binding.method as usize == method)
                .map(|(_, binding)| binding.endpoint)
        };
        // RFC 9110 §9.3.2: HEAD is GET without the body, and is judged as GET.
        let endpoint = of(method).or_else(|| if method == "HEAD" { of("GET") } else { None });
        match endpoint {
            Some(endpoint) => Ok(Route { endpoint: endpoint as usize, captures }),
            None => Err(Rejection::MethodNotAllowed { allow: self.allow(end) }),
        }
    }

    /// The node that a path ends at. `from` is where its next segment begins; `None` once it is used up.
    fn walk(&self, at: usize, path: &str, from: Option<usize>, captures: &mut Captures) -> Option<usize> {
        let Some(from) = from else { return self.nodes[at].end.map(|_| at) };
        let rest = path.get(from..)?;
        let (segment, after) = match rest.find('/') {
            Some(slash) => (&rest[..slash], Some(from + slash + 1)),
            None => (rest, None),
        };
        let literal = self.literal(at, segment);
        if let Some(end) = literal.and_then(|child| self.walk(child.get() as usize, path, after, captures)) {
            return Some(end);
        }
        let node = self.nodes[at];
        let count = captures.count;
        for kind in SegmentKind::ALL {
            if let Some(child) = node.parameters[kind as usize].filter(|_| kind.matches(segment)) {
                captures.push(from, segment.len());
                if let Some(end) = self.walk(child.get() as usize, path, after, captures) {
                    return Some(end);
                }
                captures.count = count;
            }
        }
        let child = node.rest.filter(|_| !rest.is_empty())?;
        captures.push(from, rest.len());
        Some(child.get() as usize)
    }

    /// RFC 9110 §10.2.1: what `Allow` says. HEAD stands with GET.
    fn allow(&self, end: usize) -> String {
        let names = self.bindings_at(end).map(|(_, binding)| self.methods[binding.method as usize].as_str());
        let mut names: Vec<&str> = names.collect();
        if names.contains(&"GET") && !names.contains(&"HEAD") {
            names.push("HEAD");
        }
        names.sort_unstable();
        names.join(", ")
    }
}

impl Edge {
    fn text<'t>(&self, texts: &'t str) -> &'t str {
        &texts[self.from as usize..(self.from + self.length) as usize]
    }
}

/// A configuration that fits into memory as text has far fewer than 2^32 of anything.
fn small(number: usize) -> u32 {
    u32::try_from(number).expect("files are capped far below 4 GiB")
}

impl Captures {
    /// Templates hold at most `MAX_PARAMETERS` parameters and targets far less than 4 GiB, so there is
    /// always room.
    fn push(&mut self, from: usize, length: usize) {
        if let Some(slot) = self.ranges.get_mut(self.count) {
            *slot = (u32::try_from(from).unwrap_or(u32::MAX), u32::try_from(length).unwrap_or(0));
            self.count += 1;
        }
    }
}

impl Route {
    /// What the parameters matched in the path that was found, decoded, in the template's order.
    pub fn parameters<'p>(&self, path: &'p str) -> impl Iterator<Item = Cow<'p, str>> {
        let ranges = self.captures.ranges;
        ranges.into_iter().take(self.captures.count).map(move |(from, length)| {
            let value = path.get(from as usize..from as usize + length as usize).unwrap_or_default();
            // A normal path always decodes.
            percent_decode(value, false).unwrap_or(Cow::Borrowed(value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(templates: &[(&str, &str)]) -> Routes {
        let mut routes = Routes::default();
        for (index, (template, method)) in templates.iter().enumerate() {
            let template = Template::parse(template).expect("a good template");
            routes.insert(&template, method, index).expect("no conflict");
        }
        routes
    }

    fn found(routes: &Routes, path: &str) -> Option<(usize, Vec<String>)> {
        let route = routes.find(path, "GET").ok()?;
        Some((route.endpoint, route.parameters(path).map(|value| value.into_owned()).collect()))
    }

    #[test]
    fn literal_then_typed_then_untyped_then_rest() {
        let routes = routes(&[
            ("/c/{name}", "GET"),
            ("/c/{id:integer}", "GET"),
            ("/c/new", "GET"),
            ("/c/{id:uuid}", "GET"),
            ("/c/{all*}", "GET"),
            ("/c/", "GET"),
        ]);
        assert_eq!(found(&routes, "/c/new"), Some((2, vec![])));
        assert_eq!(found(&routes, "/c/12"), Some((1, vec!["12".into()])));
        assert_eq!(found(&routes, "/c/0A1b2c3d-0000-0000-0000-00000000000f").map(|f| f.0), Some(3));
        assert_eq!(found(&routes, "/c/stra%C3%9Fe"), Some((0, vec!["straße".into()])));
        assert_eq!(found(&routes, "/c/a/b/"), Some((4, vec!["a/b/".into()])));
        assert_eq!(found(&routes, "/c/"), Some((5, vec![])));
        assert_eq!(found(&routes, "/c"), None);
        assert_eq!(found(&routes, "/"), None);
    }

    #[test]
    fn a_dead_end_is_walked_back_from() {
        let routes = routes(&[("/a/b/c", "GET"), ("/a/{x}/d", "GET"), ("/{y}/b/e", "GET")]);
        assert_eq!(found(&routes, "/a/b/d"), Some((1, vec!["b".into()])));
        assert_eq!(found(&routes, "/a/b/e"), Some((2, vec!["a".into()])));
        assert_eq!(found(&routes, "/a/b/f"), None);
    }

    #[test]
    fn the_method_is_chosen_last() {
        let routes = routes(&[("/a/b", "GET"), ("/a/{x}", "POST"), ("/a/b", "PUT")]);
        assert_eq!(routes.find("/a/b", "HEAD").expect("HEAD follows GET").endpoint, 0);
        let refused = routes.find("/a/b", "POST").expect_err("the literal path has no POST");
        assert_eq!(refused, Rejection::MethodNotAllowed { allow: "GET, HEAD, PUT".into() });
        assert!(routes.find("/a/b", "get").is_err());
    }

    #[test]
    fn templates_equal_but_for_names_conflict() {
        let mut routes = routes(&[("/a/{x}", "GET")]);
        let other = Template::parse("/a/{y}").expect("a good template");
        assert_eq!(routes.insert(&other, "POST", 7), Err(RouteConflict { first: 0 }));
        let same = Template::parse("/a/{x}").expect("a good template");
        assert_eq!(routes.insert(&same, "GET", 8), Err(RouteConflict { first: 0 }));
        assert_eq!(routes.insert(&same, "POST", 9), Ok(()));
    }
}
