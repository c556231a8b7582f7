//! Stage *route*: do we know this path, and this method on it?
//!
//! A trie over segments. At each one a literal wins over a typed parameter, that over an untyped one,
//! that over the rest, with backtracking; the method is looked at last. Routes are not secret: 404 and
//! 405 come before 401.

mod template;

pub use template::{MAX_PARAMETERS, Segment, SegmentKind, Template, TemplateFault, canonical_integer};

use std::borrow::Cow;

use hashbrown::HashMap;

use super::rejection::Rejection;
use super::target::percent_decode;

/// Finds the endpoint of a path and method.
#[derive(Debug)]
pub struct Routes {
    nodes: Vec<Node>,
}

/// What stands behind the same segments.
#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, usize>,
    /// Sorted by kind: typed before untyped.
    parameters: Vec<(SegmentKind, usize)>,
    rest: Option<usize>,
    /// The path that ends here, with its methods.
    end: Option<End>,
}

#[derive(Debug)]
struct End {
    template: String,
    methods: Vec<(String, usize)>,
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
        Self { nodes: vec![Node::default()] }
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
        let end =
            self.nodes[at].end.get_or_insert_with(|| End { template: template.text.clone(), methods: Vec::new() });
        let taken = end.methods.iter().find(|(name, _)| end.template != template.text || name == method);
        if let Some((_, first)) = taken {
            return Err(RouteConflict { first: *first });
        }
        end.methods.push((method.to_owned(), endpoint));
        Ok(())
    }

    fn child(&mut self, at: usize, segment: &Segment) -> usize {
        let fresh = self.nodes.len();
        let node = &mut self.nodes[at];
        let child = match segment {
            Segment::Literal(text) => *node.literals.entry(text.as_str().into()).or_insert(fresh),
            Segment::Rest { .. } => *node.rest.get_or_insert(fresh),
            Segment::Parameter { kind, .. } => match node.parameters.iter().find(|(known, _)| known == kind) {
                Some((_, child)) => *child,
                None => {
                    node.parameters.push((*kind, fresh));
                    node.parameters.sort_unstable_by_key(|(kind, _)| *kind);
                    fresh
                }
            },
        };
        if child == fresh {
            self.nodes.push(Node::default());
        }
        child
    }

    /// Finds the endpoint of a normal path, which begins with a slash, and a method.
    pub fn find(&self, path: &str, method: &str) -> Result<Route, Rejection> {
        let mut captures = Captures::default();
        let end = self.walk(0, path, Some(1), &mut captures).ok_or(Rejection::UnknownPath)?;
        let of = |wanted: &str| end.methods.iter().find(|(name, _)| name == wanted).map(|(_, endpoint)| *endpoint);
        // RFC 9110 §9.3.2: HEAD is GET without the body, and is judged as GET.
        let endpoint = of(method).or_else(|| if method == "HEAD" { of("GET") } else { None });
        match endpoint {
            Some(endpoint) => Ok(Route { endpoint, captures }),
            None => Err(Rejection::MethodNotAllowed { allow: end.allow() }),
        }
    }

    /// `from` is where the next segment begins; `None` once the path is used up.
    fn walk(&self, at: usize, path: &str, from: Option<usize>, captures: &mut Captures) -> Option<&End> {
        let node = &self.nodes[at];
        let Some(from) = from else { return node.end.as_ref() };
        let rest = path.get(from..)?;
        let (segment, after) = match rest.find('/') {
            Some(slash) => (&rest[..slash], Some(from + slash + 1)),
            None => (rest, None),
        };
        let literal = node.literals.get(segment);
        if let Some(end) = literal.and_then(|child| self.walk(*child, path, after, captures)) {
            return Some(end);
        }
        let count = captures.count;
        for (kind, child) in &node.parameters {
            if kind.matches(segment) {
                captures.push(from, segment.len());
                if let Some(end) = self.walk(*child, path, after, captures) {
                    return Some(end);
                }
                captures.count = count;
            }
        }
        let child = node.rest.filter(|_| !rest.is_empty())?;
        captures.push(from, rest.len());
        self.nodes[child].end.as_ref()
    }
}

impl End {
    /// RFC 9110 §10.2.1: what `Allow` says. HEAD stands with GET.
    fn allow(&self) -> String {
        let mut names: Vec<&str> = self.methods.iter().map(|(name, _)| name.as_str()).collect();
        if names.contains(&"GET") && !names.contains(&"HEAD") {
            names.push("HEAD");
        }
        names.sort_unstable();
        names.join(", ")
    }
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
