//! Request bodies as serde types.
//!
//! A body is one type that derives `Deserialize` and `ToSchema`. Reading it here differs from serde's
//! own reading of JSON in three ways: property names match without regard to case, a property that is
//! missing is read as null, and an error begins with the path of what is wrong, for example
//! `items[0].quantity must be a whole number from 1 to 1000000`.

use serde::Deserializer;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::invalid::{Invalid, Path};
use crate::json::property;

/// Reads a body. A body that is not an object is read as an object without properties.
pub(crate) fn read<T: DeserializeOwned>(body: &Value) -> Result<T, Invalid> {
    T::deserialize(Node { value: body, path: Path::Body })
}

/// A value of the body, and where it is.
#[derive(Clone, Copy)]
struct Node<'a> {
    value: &'a Value,
    path: Path<'a>,
}

impl Node<'_> {
    fn read<'de, S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Invalid> {
        seed.deserialize(self).map_err(|error| error.at(self.path))
    }
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Invalid;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        self.value.clone().deserialize_any(visitor).map_err(de::Error::custom)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        match self.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            _other => Err(de::Error::custom("must be true or false")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        match self.value {
            Value::String(text) => visitor.visit_str(text),
            _other => Err(de::Error::custom("is required")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    /// The visitor gets the value as the only element of a sequence. So an error already has its path when
    /// the visitor sees it, which [`super::Field`] needs, since it keeps the error.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        visitor.visit_seq(Only(Some(self)))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        match self.value {
            Value::Array(values) => visitor.visit_seq(Items { path: self.path, values, next: 0 }),
            _other => Err(de::Error::custom("must be an array")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        if !self.value.is_object() && !matches!(self.path, Path::Body) {
            return Err(de::Error::custom("must be an object"));
        }
        visitor.visit_map(Fields { object: self, names })
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple
        tuple_struct map enum identifier ignored_any
    }
}

/// The one value of a newtype.
struct Only<'a>(Option<Node<'a>>);

impl<'de> SeqAccess<'de> for Only<'_> {
    type Error = Invalid;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Invalid> {
        self.0.take().map(|node| node.read(seed)).transpose()
    }
}

/// The values of an array.
struct Items<'a> {
    path: Path<'a>,
    values: &'a [Value],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Invalid;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Invalid> {
        let Some(value) = self.values.get(self.next) else { return Ok(None) };
        let node = Node { value, path: Path::Item(&self.path, self.next) };
        self.next += 1;
        node.read(seed).map(Some)
    }
}

/// The properties of an object that its type knows, in the order of the type's fields.
struct Fields<'a> {
    object: Node<'a>,
    /// The names that have not been read yet.
    names: &'static [&'static str],
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Invalid;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Invalid> {
        let Some(name) = self.names.first() else { return Ok(None) };
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Invalid> {
        let Some((name, left)) = self.names.split_first() else {
            return Err(de::Error::custom("has no more properties"));
        };
        self.names = left;
        let value = property(self.object.value, name).unwrap_or(&Value::Null);
        Node { value, path: Path::Property(&self.object.path, name) }.read(seed)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::super::field::Field;
    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Basket {
        sent_by: Option<String>,
        boxes: Vec<Content>,
    }

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Content {
        name: String,
        fragile: bool,
    }

    #[derive(Deserialize)]
    struct LateBasket {
        boxes: Field<Vec<Field<Content>>>,
        name: String,
    }

    #[test]
    fn names_match_without_regard_to_case_and_unknown_ones_are_ignored() {
        let body = json!({"SENTBY": "asha", "Boxes": [{"NAME": "tea", "fragile": false}], "x": 1});
        let content = Content { name: "tea".to_owned(), fragile: false };
        let basket = Basket { sent_by: Some("asha".to_owned()), boxes: vec![content] };
        assert_eq!(read(&body), Ok(basket));
        let basket = Basket { sent_by: None, boxes: Vec::new() };
        assert_eq!(read(&json!({"boxes": []})), Ok(basket), "missing is null");
    }

    #[test]
    fn an_error_names_the_field_that_is_wrong() {
        for (body, error) in [
            (json!([]), "boxes must be an array"),
            (json!({"sentBy": 1}), "sentBy is required"),
            (json!({"boxes": [1]}), "boxes[0] must be an object"),
            (json!({"boxes": [{}]}), "boxes[0].name is required"),
            (json!({"boxes": [{"name": "tea"}]}), "boxes[0].fragile must be true or false"),
        ] {
            let wrong = read::<Basket>(&body).expect_err("it is no basket");
            assert_eq!(wrong.to_string(), error, "{body}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_field_is_told_when_the_field_is_asked_for() {
        let late =
            read::<LateBasket>(&json!({"name": "n", "boxes": [{"name": 1}]})).expect("all but one");
        assert_eq!(late.name, "n");
        let boxes = late.boxes.value().expect("an array");
        let wrong = boxes[0].value().expect_err("its name is no text");
        assert_eq!(wrong.to_string(), "boxes[0].name is required");
        let late = read::<LateBasket>(&json!({"name": "n", "boxes": {}})).expect("all but one");
        let wrong = late.boxes.value().expect_err("no array");
        assert_eq!(wrong.to_string(), "boxes must be an array");
    }
}
